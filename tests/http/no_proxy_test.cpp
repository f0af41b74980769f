#include "http/no_proxy.hpp"

#include <gtest/gtest.h>

namespace ek {
namespace {

struct Case {
  const char* list;
  const char* host;
  int port;
  bool matches;
};

constexpr Case cases[] = {
    {"", "example.com", 443, false},
    {" , ,", "example.com", 443, false},
    {"*", "example.com", 443, true},
    {"a.test,*", "[::1]", 443, true},
    {"example.com", "example.com", 443, true},
    {"example.com", "EXAMPLE.com", 443, true},
    {"Example.COM", "api.example.com", 443, true},
    {".example.com", "api.example.com", 443, true},
    {".example.com", "example.com", 443, true},
    {"example.com", "notexample.com", 443, false},
    {"example.com", "example.com.evil.test", 443, false},
    {"api.example.com", "example.com", 443, false},
    {"example.com.", "example.com", 443, true},
    {"example.com", "example.com.", 443, true},
    {"a.test, example.com", "example.com", 443, true},
    {"a.test example.com", "example.com", 443, true},
    {"example.com:8443", "example.com", 8443, true},
    {"example.com:8443", "example.com", 443, false},
    {"example.com:x", "example.com", 443, false},
    {"10.1.2.3", "10.1.2.3", 80, true},
    {"10.1.2.3", "10.1.2.30", 80, false},
    {"2.3", "10.1.2.3", 80, false},
    {"10.0.0.0/8", "10.200.0.1", 80, true},
    {"10.0.0.0/8", "11.0.0.1", 80, false},
    {"10.0.0.0/9", "10.127.255.255", 80, true},
    {"10.0.0.0/9", "10.128.0.0", 80, false},
    {"0.0.0.0/0", "192.0.2.1", 80, true},
    {"0.0.0.0/0", "example.com", 80, false},
    {"10.0.0.0/33", "10.0.0.0", 80, false},
    {"10.0.0.0/", "10.0.0.0", 80, false},
    {"10.0.0.1:8080", "10.0.0.1", 8080, true},
    {"10.0.0.1:8080", "10.0.0.1", 80, false},
    {"::1", "[::1]", 80, true},
    {"[::1]", "[::1]", 80, true},
    {"[::1]:8080", "[::1]", 80, false},
    {"[::1]:8080", "[::1]", 8080, true},
    {"fd00::/8", "[fd12:3456::1]", 443, true},
    {"fd00::/8", "[fe80::1]", 443, false},
    {"::ffff:10.0.0.1", "10.0.0.1", 443, false},
    {"169.254.169.254", "169.254.169.254", 80, true},
};

TEST(NoProxy, FollowsTheTable) {
  for (const Case& c : cases) {
    EXPECT_EQ(NoProxy(c.list).matches(c.host, c.port), c.matches)
        << "\"" << c.list << "\" and " << c.host << ":" << c.port;
  }
}

}  // namespace
}  // namespace ek

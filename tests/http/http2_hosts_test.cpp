#include "http/http2_hosts.hpp"

#include <gtest/gtest.h>

namespace ek {
namespace {

TEST(Http2Hosts, RemembersHowAHostAndPortAnsweredLast) {
  Http2Hosts hosts;
  EXPECT_FALSE(hosts.has("https://a.test/x"));
  hosts.learn("https://a.test/x", true);
  EXPECT_TRUE(hosts.has("https://a.test/y?z"));
  EXPECT_FALSE(hosts.has("https://a.test:8443/x"));
  EXPECT_FALSE(hosts.has("https://b.test/x"));
  hosts.learn("https://a.test/y", false);
  EXPECT_FALSE(hosts.has("https://a.test/x"));
  hosts.learn("https://a.test/y", false);
  EXPECT_FALSE(hosts.has("https://a.test/x"));
}

}  // namespace
}  // namespace ek

#include "base/uri.hpp"

#include <gtest/gtest.h>

namespace ek {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

TEST(ParseUri, ShowsNoSecretOfWhatItRefuses) {
  for (const std::string_view text :
       {"http://u:hunter2@h/", "x://u:hunter2@h:0/p", "http://u:hun?hunter2@h/", "u:hunter2@h",
        "http://u:hun#hunter2@h", "http://h:0/p?key=hunter2", "http://h /?key=hunter2",
        "sagemaker://h h/x?base_url=http://u:hunter2@h/"}) {
    const auto uri = parse_uri(text);
    ASSERT_FALSE(uri) << text;
    EXPECT_EQ(uri.error().message.find("hunter2"), std::string::npos) << uri.error().message;
  }
  for (const std::string_view text :
       {"http://u:hunter2@h/", "https://h/?key=hunter2", "ftp://h/?key=hunter2"}) {
    const auto url = check_base_url(text, "base_url");
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().message.find("hunter2"), std::string::npos) << url.error().message;
  }
}

TEST(ParseUri, TakesAUriApart) {
  const struct {
    std::string_view text, scheme, host;
    int port;
    std::string_view path;
    Query query;
  } cases[] = {
      {"https://h.example", "https", "h.example", 0, "", {}},
      {"HTTPS://h.example/", "https", "h.example", 0, "/", {}},
      {"http://127.0.0.1:8080/a/b%2Fc", "http", "127.0.0.1", 8080, "/a/b%2Fc", {}},
      {"http://[::1]:9/x", "http", "[::1]", 9, "/x", {}},
      {"http://[fe80::1]", "http", "[fe80::1]", 0, "", {}},
      {"cloud-x://region/name?a=1&b=%20x&c&d=e=f&&a=2",
       "cloud-x",
       "region",
       0,
       "/name",
       {{"a", "1"}, {"b", " x"}, {"c", ""}, {"d", "e=f"}, {"a", "2"}}},
      {"x://h?base_url=http://127.0.0.1:1/p",
       "x",
       "h",
       0,
       "",
       {{"base_url", "http://127.0.0.1:1/p"}}},
  };
  for (const auto& c : cases) {
    const auto uri = parse_uri(c.text);
    ASSERT_TRUE(uri) << c.text << ": " << uri.error().message;
    EXPECT_EQ(uri->scheme, c.scheme) << c.text;
    EXPECT_EQ(uri->host, c.host) << c.text;
    EXPECT_EQ(uri->port, c.port) << c.text;
    EXPECT_EQ(uri->path, c.path) << c.text;
    EXPECT_EQ(uri->query, c.query) << c.text;
  }
  EXPECT_EQ(parse_uri("http://[::1]:9")->authority(), "[::1]:9");
  EXPECT_EQ(parse_uri("http://h")->authority(), "h");
}

TEST(ParseUri, SaysWhatIsWrong) {
  const std::string_view cases[][2] = {
      {"", "expected SCHEME://"},          {"h.example/x", "expected SCHEME://"},
      {"1x://h", "expected SCHEME://"},    {"://h", "expected SCHEME://"},
      {"https:///x", "found no host"},     {"https://h/#top", "fragment"},
      {"https://u:p@h/", "passwords"},     {"https://h/a b", "space or control character"},
      {"https://h\n", "space or control"}, {"https://h:0", "1 to 65535"},
      {"https://h:65536", "1 to 65535"},   {"https://h:", "1 to 65535"},
      {"https://h:8x", "1 to 65535"},      {"https://[::1", "closing bracket"},
      {"https://[::1]x", "text follows"}};
  for (const auto& [text, why] : cases) {
    const auto uri = parse_uri(text);
    ASSERT_FALSE(uri) << text;
    EXPECT_EQ(uri.error().code, ErrorCode::invalid_request);
    EXPECT_NE(uri.error().message.find(why), std::string::npos) << uri.error().message;
  }
}

TEST(Percent, EncodesAllButTheUnreserved) {
  EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encode("a b/c:d+é%"), "a%20b%2Fc%3Ad%2B%C3%A9%25");
  EXPECT_EQ(percent_encode("a/b:c", "/"), "a/b%3Ac");
  EXPECT_EQ(percent_encode(std::string_view("\0\xFF", 2)), "%00%FF");
}

TEST(Percent, DecodesAndLeavesWhatIsNoEscape) {
  EXPECT_EQ(percent_decode("a%20b%2fc%C3%A9"), "a b/cé");
  EXPECT_EQ(percent_decode("100%"), "100%");
  EXPECT_EQ(percent_decode("%4"), "%4");
  EXPECT_EQ(percent_decode("%zz+%41"), "%zz+A");
  EXPECT_EQ(percent_decode("%2541"), "%41") << "decoded twice";
}

TEST(Host, KnowsLoopback) {
  for (const std::string_view host :
       {"localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "[::1]"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const std::string_view host : {"localhost.example", "127.evil.example", "127.0.0.1.example",
                                      "128.0.0.1", "127.0.1", "[::2]", ""}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(Host, KnowsLabels) {
  for (const std::string_view label : {"a", "eu-west-1", "A9", "0"})
    EXPECT_TRUE(is_host_label(label)) << label;
  EXPECT_TRUE(is_host_label(std::string(63, 'a')));
  EXPECT_FALSE(is_host_label(std::string(64, 'a')));
  for (const std::string_view label : {"", "-a", "a-", "a.b", "a_b", "a/b", "é"}) {
    EXPECT_FALSE(is_host_label(label)) << label;
  }
}

}  // namespace
}  // namespace ek

#include "http/curl_request.hpp"

#include <gmock/gmock.h>

namespace ek {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> lines_of(const HttpRequest& request, std::string_view user_agent = "us") {
  std::vector<std::string> lines;
  LineList list = make_header_list(request, user_agent);
  for (const curl_slist* item = list.list(); item != nullptr; item = item->next) {
    lines.emplace_back(item->data);
  }
  return lines;
}

constexpr const char* identity = "Accept-Encoding: identity";

TEST(MakeHeaderList, HoldsTheRequestsHeadersAndKeepsLibcurlsOut) {
  EXPECT_THAT(lines_of({.headers = {{"X-A", "1"}, {"X-Empty", ""}}}),
              ElementsAre("User-Agent: us", identity, "X-A: 1", "X-Empty;",
                          "Expect:", "Accept:", "Content-Type:"));
}

TEST(MakeHeaderList, LetsTheCallersTypesStandAndItsLengthOut) {
  EXPECT_THAT(
      lines_of({.headers = {{"accept", "a/b"}, {"Content-Type", "c/d"}, {"content-length", "7"}}}),
      ElementsAre("User-Agent: us", identity, "accept: a/b", "Content-Type: c/d", "Expect:"));
}

TEST(MakeHeaderList, NamesTheClientWhereTheRequestDoesNot) {
  EXPECT_THAT(lines_of({.headers = {{"user-agent", "them"}, {"accept-encoding", "br"}}}),
              ElementsAre("user-agent: them", "accept-encoding: br",
                          "Expect:", "Accept:", "Content-Type:"));
  EXPECT_THAT(lines_of({}, ""),
              ElementsAre("User-Agent: ", identity, "Expect:", "Accept:", "Content-Type:"))
      << "libcurl's way to say: none";
}

TEST(CheckRequest, RefusesWhatWouldBreakTheFraming) {
  const HttpRequest bad[] = {
      {.url = "ftp://h/"},
      {.url = "h/x"},
      {.method = "GET /x", .url = "http://h/"},
      {.method = "", .url = "http://h/"},
      {.url = "http://h/", .headers = {{"A B", "1"}}},
      {.url = "http://h/", .headers = {{"", "1"}}},
      {.url = "http://h/", .headers = {{"A:", "1"}}},
      {.url = "http://h/", .headers = {{"A", "1\r\nB: 2"}}},
      {.url = "http://h/", .headers = {{"A", std::string("1\0", 2)}}},
  };
  for (const HttpRequest& request : bad) {
    const auto error = check_request(request);
    ASSERT_TRUE(error) << request.url;
    EXPECT_EQ(error->code, ErrorCode::invalid_request);
    EXPECT_EQ(error->phase, Phase::request);
  }
}

TEST(CheckRequest, NeverShowsAHeadersValue) {
  const auto error =
      check_request({.url = "http://h/", .headers = {{"Authorization", "top-secret\n"}}});
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr("Authorization"));
  EXPECT_THAT(error->message, Not(HasSubstr("top-secret")));
}

TEST(CheckRequest, TakesWhatIsRight) {
  EXPECT_FALSE(check_request({.url = "https://h/", .headers = {{"x-amz-date", "a b\tc"}}}));
}

TEST(HostOf, LeavesOutPathQueryAndUserinfo) {
  EXPECT_EQ(host_of("https://h.example:1/p?key=s"), "h.example:1");
  EXPECT_EQ(host_of("https://u:p@h.example?key=s"), "h.example");
  EXPECT_EQ(host_of("http://[::1]:8/"), "[::1]:8");
}

}  // namespace
}  // namespace ek

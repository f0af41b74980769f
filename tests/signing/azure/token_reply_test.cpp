#include "signing/azure/token_reply.hpp"

#include "support/matchers.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr std::chrono::sys_seconds now{1795608000s};  // 2026-11-25T12:00:00Z

TEST(EntraReply, TellsTheEndInEveryForm) {
  const char* one_hour_on[] = {R"("expires_in":3600)",
                               R"("expires_in":"3600")",
                               R"("expires_in":3600.5)",
                               R"("expires_in":3600,"expires_on":5)",
                               R"("expires_in":"soon","expires_on":1795611600)",
                               R"("expires_on":"1795611600")",
                               R"("expires_on":"2026-11-25T13:00:00Z")",
                               R"("expires_on":"Wed, 25 Nov 2026 13:00:00 GMT")",
                               R"("expires_on":"11/25/2026 1:00:00 PM +00:00")",
                               R"("expires_on":"11/25/2026 13:00:00 +00:00")"};
  for (const char* form : one_hour_on) {
    const auto reply = parse_entra_reply(std::string(R"({"access_token":"t",)") + form + "}", now);
    ASSERT_THAT(reply, IsOk()) << form;
    EXPECT_EQ(reply->expires, now + 1h) << form;
  }
  const auto midnight = parse_entra_reply(
      R"({"access_token":"t","expires_on":"11/26/2026 12:00:00 AM +00:00"})", now);
  EXPECT_EQ(midnight.value().expires, now + 12h);
}

TEST(EntraReply, IsRefusedWithoutATokenOrASensibleEnd) {
  const char* wrong[] = {"",
                         "[]",
                         "{}",
                         R"({"access_token":""})",
                         R"({"access_token":1})",
                         R"({"access_token":"PLANTED","expires_in":-1})",
                         R"({"access_token":"PLANTED","expires_in":null})",
                         R"({"access_token":"PLANTED","expires_in":2147483648})",
                         R"({"access_token":"PLANTED","expires_on":"13/13/2026 1:00:00 +00:00"})",
                         R"({"access_token":"PLANTED","expires_on":"1/1/2026 1:00:00 +01:00"})",
                         R"({"access_token":"PLANTED","expires_on":"11/25/2026"})",
                         R"({"access_token":"PLANTED","expires_on":[]})"};
  for (const char* body : wrong) {
    const auto reply = parse_entra_reply(body, now);
    EXPECT_THAT(reply, HasCode(ErrorCode::server_error)) << body;
    EXPECT_THAT(reply, FailsWith(Not(HasSubstr("PLANTED"))));
  }
}

TEST(EntraReply, LivesShortlyIfNobodySaysHowLong) {
  EXPECT_EQ(parse_entra_token(R"({"access_token":"t"})", now).value().lifetime, 5min);
}

TEST(EntraReply, IsCutToWhatClocksCanCount) {
  const auto token = parse_entra_token(
      R"({"access_token":"t","expires_on":253402300799,"refresh_in":"1800"})", now);
  EXPECT_EQ(token.value().lifetime, 24h * 366);
  EXPECT_EQ(token.value().refresh_in, 1800s);
  EXPECT_EQ(parse_entra_token(R"({"access_token":"t","expires_on":0})", now).value().lifetime, 0s);
}

}  // namespace
}  // namespace ek::test

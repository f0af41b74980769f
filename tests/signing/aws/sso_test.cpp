#include "signing/aws/sso.hpp"

#include "base/text.hpp"
#include "signing/crypto/sha1.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;
using testing::Not;

const SsoSource corp{.session = "corp",
                     .start_url = "https://corp.awsapps.com/start",
                     .region = "eu-west-1",
                     .account_id = "123456789012",
                     .role_name = "Model User"};

std::string token_file(const std::string& expires, bool refreshable = true) {
  return R"({"accessToken":"PLANTED-old","expiresAt":")" + expires + R"(","startUrl":"u")" +
         (refreshable ? R"(,"refreshToken":"PLANTED-r","clientId":"c","clientSecret":"PLANTED-s",)"
                        R"("registrationExpiresAt":"2027-01-01T00:00:00Z"})"
                      : "}");
}
std::string cache_path(const std::string& name = "corp") {
  return "/h/.aws/sso/cache/" + to_hex(sha1(name)) + ".json";
}
World world(const std::string& file) {
  return {.variables = {{"HOME", "/h"}}, .files = {{cache_path(), file}}};
}
const char* const role_keys =
    R"({"roleCredentials":{"accessKeyId":"ASIA","secretAccessKey":"S","sessionToken":"T",)"
    R"("expiration":1795611600000}})";

TEST(Sha1, GivesTheDigestOfTheStandard) {
  EXPECT_EQ(to_hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(sha1("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

TEST(Sso, ExchangesTheTokenForKeysOfTheRole) {
  const Bench bench(world(token_file("2026-11-25T20:00:00Z")));
  bench.transport->reply({.body = {role_keys}});
  const auto keys = fetch_sso_keys(corp, bench.services(), bench.context());
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(keys->keys.access_key_id, "ASIA");
  EXPECT_EQ(keys->expires, std::chrono::sys_seconds(std::chrono::seconds(1795611600)));
  EXPECT_EQ(keys->account_id, "123456789012");
  const HttpRequest sent = bench.transport->requests().at(0);
  EXPECT_EQ(sent.method, "GET");
  EXPECT_EQ(sent.url,
            "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?"
            "role_name=Model%20User&account_id=123456789012");
  EXPECT_EQ(header(sent.headers, "x-amz-sso_bearer_token")->value, "PLANTED-old");
  EXPECT_TRUE(header(sent.headers, "x-amz-sso_bearer_token")->sensitive);
}

TEST(Sso, RefreshesATokenNearItsEndAndWritesItBack) {
  const Bench bench(world(token_file("2026-11-25T12:04:00Z")));
  bench.transport->reply(
      {.body = {R"({"accessToken":"new","expiresIn":3600,"refreshToken":"next"})"}});
  const auto token = fetch_sso_token(corp, bench.services(), bench.context());
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->value, Secret("new"));
  const HttpRequest sent = bench.transport->requests().at(0);
  EXPECT_EQ(sent.url, "https://oidc.eu-west-1.amazonaws.com/token");
  EXPECT_EQ(sent.body, R"({"clientId":"c","clientSecret":"PLANTED-s","grantType":"refresh_token",)"
                       R"("refreshToken":"PLANTED-r"})");
  const std::string written = bench.environment->read_file(cache_path()).value();
  EXPECT_EQ(written, R"({"accessToken":"new","clientId":"c","clientSecret":"PLANTED-s",)"
                     R"("expiresAt":"2026-11-25T13:00:00Z","refreshToken":"next",)"
                     R"("registrationExpiresAt":"2027-01-01T00:00:00Z","startUrl":"u"})");
}

TEST(Sso, UsesATokenThatCannotBeRefreshedUntilItsEnd) {
  const Bench bench(world(token_file("2026-11-25T12:04:00Z")));
  bench.transport->reply({.status = 400, .body = {R"({"error":"invalid_grant"})"}});
  EXPECT_EQ(fetch_sso_token(corp, bench.services(), bench.context()).value().value,
            Secret("PLANTED-old"));
}

TEST(Sso, SaysHowToSignInWithoutAUsableToken) {
  const struct {
    std::string file;
    const char* says;
  } cases[] = {{token_file("2026-11-25T11:00:00Z", false), "has expired"},
               {token_file("2026-11-25T11:00:00Z"), "there is no new one"},
               {token_file("soon"), "no accessToken with an expiresAt"},
               {R"({"expiresAt":"2027-11-25T11:00:00Z"})", "no accessToken with an expiresAt"},
               {"PLANTED", "no accessToken with an expiresAt"}};
  for (const auto& [file, says] : cases) {
    const Bench bench(world(file));
    bench.transport->handle([](const HttpRequest&) -> ScriptedReply {
      return {.status = 400,
              .body = {R"({"error":"invalid_grant","error_description":"PLANTED-r is old"})"}};
    });
    const auto token = fetch_sso_token(corp, bench.services(), bench.context());
    EXPECT_THAT(token, FailsWith(HasSubstr(says)));
    EXPECT_THAT(token, FailsWith(HasSubstr("aws sso login --sso-session corp")));
    EXPECT_THAT(token, FailsWith(Not(HasSubstr("PLANTED"))));
  }
  const Bench nothing(World{.variables = {{"HOME", "/h"}}});
  EXPECT_THAT(fetch_sso_token(corp, nothing.services(), nothing.context()),
              FailsWith(HasSubstr("aws sso login")));
}

TEST(Sso, DoesNotAdviseToSignInWhereTheServerIsNotTrusted) {
  const Bench bench(world(token_file("2026-11-25T11:00:00Z")));
  bench.transport->reply(untrusted_server());
  const auto token = fetch_sso_token(corp, bench.services(), bench.context());
  EXPECT_THAT(token, testing::AllOf(HasCode(ErrorCode::transport), HasPhase(Phase::tls)));
  EXPECT_FALSE(token.error().retryable);
}

TEST(Sso, TellsWhyTheRoleIsRefused) {
  const struct {
    int status;
    const char* says;
    ErrorCode code;
  } cases[] = {
      {401, "Sign in with", ErrorCode::authentication},
      {403, "Model User in account 123456789012 (HTTP 403): No access", ErrorCode::authentication},
      {503, "HTTP 503", ErrorCode::unavailable}};
  for (const auto& [status, says, code] : cases) {
    const Bench bench(world(token_file("2026-11-25T20:00:00Z")));
    bench.transport->handle([status = status](const HttpRequest&) -> ScriptedReply {
      return {.status = status, .body = {R"({"message":"No access for PLANTED-old"})"}};
    });
    const auto keys = fetch_sso_keys(corp, bench.services(), bench.context());
    EXPECT_THAT(keys, HasCode(code));
    EXPECT_THAT(keys, FailsWith(HasSubstr(says)));
    EXPECT_THAT(keys, FailsWith(Not(HasSubstr("PLANTED"))));
  }
}

TEST(Sso, GivesNoKeysWithoutARole) {
  const Bench bench;
  EXPECT_THAT(fetch_sso_keys({.session = "s"}, bench.services(), bench.context()),
              FailsWith(HasSubstr("sso_account_id and sso_role_name")));
}

}  // namespace
}  // namespace ek::test

#include "signing/google/external_account.hpp"

#include "base/uri.hpp"
#include "signing/google/credential_file.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const std::string pool = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/P";
const std::string workforce = "//iam.googleapis.com/locations/global/workforcePools/P/providers/Q";

std::string file(const std::string& more = "", const std::string& audience = pool) {
  return R"({"type":"external_account","audience":")" + audience +
         R"(","subject_token_type":"urn:ietf:params:oauth:token-type:jwt",)"
         R"("credential_source":{"file":"/token"})" +
         more + "}";
}

Result<GoogleAccountPtr> parse(const std::string& text) {
  return parse_google_credentials(text, GoogleFileType::external_account);
}

struct ExternalAccountTest : testing::Test {
  Result<Token> fetch(const std::string& text) {
    return parse(text).value()->fetch_access_token("scope", bench.services(), bench.context());
  }
  Bench bench{World{.files = {{"/token", "PLANTED-SUBJECT\n"}}}};
};

TEST_F(ExternalAccountTest, ExchangesTheTokenOfTheFile) {
  bench.transport->reply({.body = {R"({"access_token":"t","expires_in":"1200"})"}});
  const auto token = fetch(file());
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->value.reveal(), "t");
  EXPECT_EQ(token->lifetime, 20min);
  const HttpRequest sent = bench.transport->requests()[0];
  EXPECT_EQ(sent.url, "https://sts.googleapis.com/v1/token");
  const auto form = parse_uri("x://h?" + sent.body).value().query;
  EXPECT_THAT(form, Contains(std::pair("subject_token", "PLANTED-SUBJECT")));
  EXPECT_THAT(form, Contains(std::pair("scope", "scope")));
  EXPECT_THAT(form, Contains(std::pair("audience", pool)));
}

TEST_F(ExternalAccountTest, SaysWhichTokenWasRefusedAndDoesNotShowIt) {
  bench.transport->handle([](const HttpRequest& request) {
    return ScriptedReply{
        .status = 400,
        .body = {R"({"error":"invalid_grant","error_description":")" + request.body + "\"}"}};
  });
  EXPECT_THAT(fetch(file()),
              FailsWith(AllOf(HasSubstr("invalid_grant"), HasSubstr("the file /token"),
                              HasSubstr(pool), Not(HasSubstr("PLANTED")))));
}

TEST_F(ExternalAccountTest, SendsTheUserProjectOfAWorkforceWithoutAClient) {
  const std::string project = R"(,"workforce_pool_user_project":"77")";
  const auto options = [&](const std::string& text) {
    const auto account = parse_external_account(JsonObject::parse(text).value()).value();
    const Uri sent = parse_uri("x://h?" + exchange_request(account, "s", Secret("t")).body).value();
    for (const auto& [name, value] : sent.query) {
      if (name == "options") return value;
    }
    return std::string();
  };
  EXPECT_EQ(options(file(project, workforce)), R"({"userProject":"77"})");
  EXPECT_EQ(options(file(project + R"(,"client_id":"c","client_secret":"s")", workforce)), "");
  EXPECT_THAT(parse(file(project)), FailsWith(HasSubstr("workforce_pool_user_project")));
}

TEST_F(ExternalAccountTest, ImpersonatesForTheLifetimeThatTheFileSays) {
  const auto with = [](const std::string& lifetime) {
    return file(R"(,"service_account_impersonation_url":"https://iamcredentials.googleapis.com/v1/)"
                R"(projects/-/serviceAccounts/robot@p.example:generateAccessToken",)"
                R"("service_account_impersonation":{"token_lifetime_seconds":)" +
                lifetime + "}");
  };
  bench.transport->reply({.body = {R"({"access_token":"federated","expires_in":3600})"}});
  bench.transport->reply(
      {.body = {R"({"accessToken":"of-the-robot","expireTime":"2026-11-25T12:10:00Z"})"}});
  EXPECT_EQ(fetch(with("600")).value().value.reveal(), "of-the-robot");
  EXPECT_THAT(bench.transport->requests()[0].body, HasSubstr("scope=https%3A%2F%2Fwww.googleapis."
                                                             "com%2Fauth%2Fiam"));
  EXPECT_THAT(bench.transport->requests()[1].body, HasSubstr("\"600s\""));
  for (const char* lifetime : {"599", "43201", "\"x\"", "null"}) {
    EXPECT_THAT(parse(with(lifetime)), FailsWith(HasSubstr("token_lifetime_seconds"))) << lifetime;
  }
}

TEST_F(ExternalAccountTest, ReadsTheFileAnewEachTime) {
  const auto account = parse(file()).value();
  for (const char* text : {"first", "second"}) {
    ASSERT_THAT(bench.environment->write_file("/token", text), IsOk());
    bench.transport->reply({.body = {R"({"access_token":"t"})"}});
    ASSERT_THAT(account->fetch_access_token("s", bench.services(), bench.context()), IsOk());
    EXPECT_THAT(bench.transport->requests().back().body, HasSubstr(text));
  }
}

TEST_F(ExternalAccountTest, UsesTheServiceOfItsUniverse) {
  const auto account =
      parse_external_account(JsonObject::parse(file(R"(,"universe_domain":"u.example")")).value());
  ASSERT_THAT(account, IsOk());
  EXPECT_EQ(account->token_url, "https://sts.u.example/v1/token");
  EXPECT_EQ(account->universe_domain, "u.example");
}

}  // namespace
}  // namespace ek::test

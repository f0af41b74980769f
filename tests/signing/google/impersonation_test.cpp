#include "signing/google/impersonation.hpp"

#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "signing/google/credential_file.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string target =
    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/robot@p.example";

struct ImpersonationTest : testing::Test {
  static GoogleAccountPtr account() {
    return parse_google_credentials(
               R"({"type":"impersonated_service_account","delegates":["one@p.example",)"
               R"("projects/-/serviceAccounts/two@p.example"],"quota_project_id":"q",)"
               R"("service_account_impersonation_url":")" +
                   target +
                   R"(:generateAccessToken","source_credentials":{"type":"authorized_user",)"
                   R"("client_id":"c","client_secret":"secret-1","refresh_token":"refresh-1"}})",
               GoogleFileType::any)
        .value();
  }
  Bench bench;
};

TEST_F(ImpersonationTest, AsksForATokenOfTheServiceAccountWithOneOfTheSource) {
  bench.transport->reply({.body = {R"({"access_token":"of-the-user","expires_in":3599})"}});
  bench.transport->reply(
      {.body = {R"({"accessToken":"of-the-robot","expireTime":"2026-11-25T12:30:00.5Z"})"}});
  const auto token = account()->fetch_access_token("a b", bench.services(), bench.context());
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->value.reveal(), "of-the-robot");
  EXPECT_EQ(token->lifetime, 30min);
  const HttpRequest sent = bench.transport->requests().at(1);
  EXPECT_EQ(sent.url, target + ":generateAccessToken");
  EXPECT_EQ(header(sent.headers, "authorization")->value, "Bearer of-the-user");
  EXPECT_TRUE(header(sent.headers, "authorization")->sensitive);
  EXPECT_EQ(json::parse(sent.body), (json{{"scope", {"a", "b"}},
                                          {"lifetime", "3600s"},
                                          {"delegates",
                                           {"projects/-/serviceAccounts/one@p.example",
                                            "projects/-/serviceAccounts/two@p.example"}}}));
  EXPECT_EQ(account()->quota_project(), "q");
}

TEST_F(ImpersonationTest, AsksForAnIdToken) {
  const std::string jwt =
      base64url_encode("{}") + '.' + base64url_encode(R"({"exp":1795611600})") + ".c2ln";
  bench.transport->reply({.body = {R"({"access_token":"of-the-user","expires_in":3599})"}});
  bench.transport->reply({.body = {R"({"token":")" + jwt + "\"}"}});
  const auto token =
      account()->fetch_id_token("https://model.run.app", bench.services(), bench.context());
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->value.reveal(), jwt);
  EXPECT_EQ(token->lifetime, 1h);
  const HttpRequest sent = bench.transport->requests().at(1);
  EXPECT_EQ(sent.url, target + ":generateIdToken");
  EXPECT_EQ(json::parse(sent.body)["audience"], "https://model.run.app");
  EXPECT_EQ(json::parse(sent.body)["includeEmail"], true);
}

TEST_F(ImpersonationTest, NamesTheRoleThatIsMissingAndShowsNoToken) {
  bench.transport->reply({.body = {R"({"access_token":"PLANTED","expires_in":3599})"}});
  bench.transport->reply({.status = 403,
                          .body = {R"({"error":{"status":"PERMISSION_DENIED","message":)"
                                   R"("Permission denied for PLANTED"}})"}});
  EXPECT_THAT(account()->fetch_access_token("a", bench.services(), bench.context()),
              FailsWith(AllOf(HasSubstr("PERMISSION_DENIED"),
                              HasSubstr("roles/iam.serviceAccountTokenCreator"),
                              Not(HasSubstr("PLANTED")))));
}

TEST_F(ImpersonationTest, DoesNotAskWithoutATokenOfTheSource) {
  bench.transport->reply({.status = 400, .body = {R"({"error":"invalid_grant"})"}});
  EXPECT_THAT(account()->fetch_access_token("a", bench.services(), bench.context()),
              FailsWith(HasSubstr("invalid_grant")));
  EXPECT_EQ(bench.transport->request_count(), 1u);
}

TEST_F(ImpersonationTest, RefusesAnswersWithoutAToken) {
  for (const char* body : {"<html>", "{}", R"({"accessToken":"t"})", R"({"expireTime":"x"})"}) {
    bench.transport->reply({.body = {R"({"access_token":"t","expires_in":3599})"}});
    bench.transport->reply({.body = {body}});
    EXPECT_THAT(account()->fetch_access_token("a", bench.services(), bench.context()),
                HasCode(ErrorCode::server_error))
        << body;
  }
}

}  // namespace
}  // namespace ek::test

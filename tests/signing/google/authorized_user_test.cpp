#include "signing/google/authorized_user.hpp"

#include "base/uri.hpp"
#include "signing/google/credential_file.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

std::vector<std::pair<std::string, std::string>> form_of(const HttpRequest& request) {
  return parse_uri("x://h?" + request.body).value().query;
}

struct AuthorizedUserTest : testing::Test {
  static GoogleAccountPtr user(const std::string& more = "") {
    return parse_google_credentials(
               R"({"type":"authorized_user","client_id":"c","client_secret":"PLANTED-S",)"
               R"("refresh_token":"PLANTED-R")" +
                   more + "}",
               GoogleFileType::authorized_user)
        .value();
  }
  static GoogleAccountPtr workforce_user() {
    return parse_google_credentials(
               R"({"type":"external_account_authorized_user","audience":"//iam/pool",)"
               R"("client_id":"c","client_secret":"s","refresh_token":"r"})",
               GoogleFileType::external_account_authorized_user)
        .value();
  }
  Result<Token> fetch(const GoogleAccountPtr& account) {
    return account->fetch_access_token("scope", bench.services(), bench.context());
  }
  Bench bench;
};

TEST_F(AuthorizedUserTest, ExchangesTheRefreshToken) {
  bench.transport->reply({.body = {R"({"access_token":"t","expires_in":"3599"})"}});
  const auto token = fetch(user());
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->value.reveal(), "t");
  EXPECT_EQ(token->lifetime, 3599s);
  const HttpRequest sent = bench.transport->requests()[0];
  EXPECT_EQ(sent.url, "https://oauth2.googleapis.com/token");
  EXPECT_THAT(form_of(sent), UnorderedElementsAre(std::pair("grant_type", "refresh_token"),
                                                  std::pair("refresh_token", "PLANTED-R"),
                                                  std::pair("client_id", "c"),
                                                  std::pair("client_secret", "PLANTED-S")));
}

TEST_F(AuthorizedUserTest, ProvesAWorkforceClientInTheHeader) {
  bench.transport->reply({.body = {R"({"access_token":"t","expires_in":3600})"}});
  ASSERT_THAT(fetch(workforce_user()), IsOk());
  const HttpRequest sent = bench.transport->requests()[0];
  EXPECT_EQ(sent.url, "https://sts.googleapis.com/v1/oauthtoken");
  EXPECT_EQ(header(sent.headers, "authorization")->value, "Basic Yzpz");
  EXPECT_TRUE(header(sent.headers, "authorization")->sensitive);
  EXPECT_THAT(form_of(sent), UnorderedElementsAre(std::pair("grant_type", "refresh_token"),
                                                  std::pair("refresh_token", "r")));
}

TEST_F(AuthorizedUserTest, UsesANewRefreshTokenFromThenOn) {
  bench.transport->reply({.body = {R"({"access_token":"t","refresh_token":"second"})"}});
  bench.transport->reply({.body = {R"({"access_token":"t"})"}});
  bench.transport->reply({.body = {R"({"access_token":"t"})"}});
  const auto account = workforce_user();
  for (int i = 0; i < 3; ++i) ASSERT_THAT(fetch(account), IsOk());
  std::vector<std::string> used;
  for (const HttpRequest& request : bench.transport->requests()) {
    for (const auto& [name, value] : form_of(request)) {
      if (name == "refresh_token") used.push_back(value);
    }
  }
  EXPECT_EQ(used, (std::vector<std::string>{"r", "second", "second"}));
}

TEST_F(AuthorizedUserTest, SaysToSignInAgainAndNothingSecret) {
  bench.transport->handle([](const HttpRequest& request) {
    return ScriptedReply{.status = 400,
                         .body = {R"({"error":"invalid_grant","error_description":"Token has been )"
                                  R"(expired or revoked. )" +
                                  request.body + "\"}"}};
  });
  const auto outcome = fetch(user());
  EXPECT_THAT(outcome, AllOf(HasCode(ErrorCode::authentication),
                             FailsWith(AllOf(HasSubstr("expired or revoked"),
                                             HasSubstr("gcloud auth application-default login"),
                                             Not(HasSubstr("PLANTED"))))));
  EXPECT_FALSE(outcome.error().retryable);
  EXPECT_EQ(bench.transport->request_count(), 1u);
}

TEST_F(AuthorizedUserTest, TellsTwoUsersOfOneClientApart) {
  EXPECT_NE(user()->cache_key(), user(R"(,"refresh_token":"another")")->cache_key());
  EXPECT_THAT(user()->cache_key(), Not(HasSubstr("PLANTED")));
  EXPECT_EQ(user(R"(,"account":"ada@example.com")")->describe(), "Google user ada@example.com");
  EXPECT_EQ(user(R"(,"quota_project_id":"q")")->quota_project(), "q");
}

TEST_F(AuthorizedUserTest, HasNoIdTokenForAnAudience) {
  EXPECT_THAT(user()->fetch_id_token("https://x", bench.services(), bench.context()),
              FailsWith(HasSubstr("impersonate a service account")));
}

}  // namespace
}  // namespace ek::test

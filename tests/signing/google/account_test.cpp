#include "signing/google/account.hpp"

#include "base/base64.hpp"
#include "signing/bearer.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// Says what it was asked for.
class EchoAccount final : public GoogleAccount {
 public:
  explicit EchoAccount(std::string universe = "googleapis.com", std::string project = "")
      : universe_(std::move(universe)), project_(std::move(project)) {}
  Result<Token> fetch_access_token(std::string_view scope, const SigningServices&,
                                   const SignContext&) const override {
    return Token{.value = Secret("access:" + std::string(scope)), .lifetime = 1h};
  }
  Result<Token> fetch_id_token(std::string_view audience, const SigningServices&,
                               const SignContext&) const override {
    return Token{.value = Secret("id:" + std::string(audience)), .lifetime = 1h};
  }
  std::string cache_key() const override { return "echo"; }
  std::string describe() const override { return "Echo"; }
  std::string universe_domain() const override { return universe_; }
  std::string quota_project() const override { return project_; }

 private:
  const std::string universe_, project_;
};

class NoIdTokens final : public GoogleAccount {
 public:
  Result<Token> fetch_access_token(std::string_view, const SigningServices&,
                                   const SignContext&) const override {
    return Token{.value = Secret("t"), .lifetime = 1h};
  }
  std::string cache_key() const override { return "none"; }
  std::string describe() const override { return "Nobody"; }
  std::string universe_domain() const override { return "googleapis.com"; }
};

Result<std::vector<Header>> sign(const Bench& bench, const GoogleAccountPtr& account,
                                 HttpRequest request = {}) {
  request.url = "https://aiplatform.googleapis.com/x";
  auto signer = make_google_signer(account, vertex_scope(), bench.services());
  if (!signer) return std::move(signer).error();
  return (*signer)->sign(request, bench.context());
}

TEST(GoogleAccount, SignsWithAnAccessTokenForTheScope) {
  const Header token{"authorization",
                     "Bearer access:https://www.googleapis.com/auth/cloud-platform", true};
  EXPECT_THAT(sign(Bench(), std::make_shared<EchoAccount>()).value(), ElementsAre(token));
}

TEST(GoogleAccount, NamesTheQuotaProjectOfTheVariableBeforeThatOfTheFile) {
  const auto account = std::make_shared<EchoAccount>("googleapis.com", "of-the-file");
  const auto project = [&](const World& world) {
    const auto headers = sign(Bench(world), account).value();
    const Header* found = header(headers, "x-goog-user-project");
    return found == nullptr ? "" : found->value;
  };
  EXPECT_EQ(project({}), "of-the-file");
  EXPECT_EQ(project({.variables = {{"GOOGLE_CLOUD_QUOTA_PROJECT", ""}}}), "of-the-file");
  EXPECT_EQ(project({.variables = {{"GOOGLE_CLOUD_QUOTA_PROJECT", "of-the-variable"}}}),
            "of-the-variable");
}

TEST(GoogleAccount, LeavesAQuotaProjectAloneThatTheRequestHas) {
  const auto account = std::make_shared<EchoAccount>("googleapis.com", "of-the-file");
  const auto headers =
      sign(Bench(), account, {.headers = {{"X-Goog-User-Project", "mine"}}}).value();
  EXPECT_EQ(header(headers, "x-goog-user-project"), nullptr);
  ASSERT_EQ(headers.size(), 1u);
}

TEST(GoogleAccount, SendsNothingToAUniverseThatOnlyAFileNames) {
  const auto foreign = std::make_shared<EchoAccount>("u.example");
  EXPECT_THAT(sign(Bench(), foreign),
              AllOf(HasCode(ErrorCode::authentication), FailsWith(HasSubstr("u.example"))));
  const World there{.variables = {{"GOOGLE_CLOUD_UNIVERSE_DOMAIN", "U.example"}}};
  EXPECT_THAT(sign(Bench(there), foreign), IsOk());
  EXPECT_THAT(sign(Bench(there), std::make_shared<EchoAccount>()),
              FailsWith(AllOf(HasSubstr("googleapis.com"), HasSubstr("u.example"))));
}

TEST(IdToken, StandsInPlaceOfTheAccessToken) {
  const Bench bench;
  const auto identity = make_id_token_identity(
      make_google_identity(std::make_shared<EchoAccount>("googleapis.com", "project")),
      "https://model.run.app");
  EXPECT_EQ(identity->describe(), "id token for https://model.run.app of Echo");
  for (const SigningScope& scope : {vertex_scope(), azure_scope()}) {
    const auto signer = identity->signer_for(scope, bench.services()).value();
    EXPECT_THAT(signer->sign({.url = "https://model.run.app/x"}, bench.context()).value(),
                ElementsAre(Header{"authorization", "Bearer id:https://model.run.app", true}));
  }
}

TEST(IdToken, IsRefusedToThoseWhoCannotUseOrHaveOne) {
  const Bench bench;
  const auto of = [](std::shared_ptr<const Identity> source) {
    return make_id_token_identity(std::move(source), "aud");
  };
  const auto google = make_google_identity(std::make_shared<EchoAccount>());
  EXPECT_THAT(of(google)->signer_for(sagemaker_scope(), bench.services()),
              AllOf(HasCode(ErrorCode::invalid_request), FailsWith(HasSubstr("id token"))));
  EXPECT_THAT(of(make_key_identity(Secret("k")))->signer_for(vertex_scope(), bench.services()),
              HasCode(ErrorCode::invalid_request));
  const auto none = of(make_google_identity(std::make_shared<NoIdTokens>()));
  const auto signer = none->signer_for(vertex_scope(), bench.services()).value();
  EXPECT_THAT(signer->sign({.url = "https://h/"}, bench.context()),
              FailsWith(HasSubstr("no id token for Nobody")));
}

TEST(IdToken, LivesUntilItsExp) {
  const Bench bench;
  const auto jwt = [](const std::string& claims) {
    return base64url_encode(R"({"alg":"RS256"})") + '.' + base64url_encode(claims) + ".c2ln";
  };
  const auto ends =
      std::chrono::floor<std::chrono::seconds>(bench.clock->now()).time_since_epoch().count() + 900;
  const auto token =
      make_id_token(jwt("{\"exp\":" + std::to_string(ends) + "}") + '\n', *bench.environment);
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->lifetime, 900s);
  EXPECT_FALSE(token->value.reveal().ends_with('\n'));
  for (const std::string& text : {std::string(), std::string("<html>"), jwt("{}"),
                                  jwt(R"({"exp":9223372036854775807})"), jwt(R"({"exp":-1})")}) {
    EXPECT_THAT(make_id_token(text, *bench.environment), HasCode(ErrorCode::server_error)) << text;
  }
}

}  // namespace
}  // namespace ek::test

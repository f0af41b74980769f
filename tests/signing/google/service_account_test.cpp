#include "signing/google/service_account.hpp"

#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/uri.hpp"
#include "signing/jwt.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

RsaPublicKey public_key() { return RsaPublicKey::parse(data_file("keys/rsa_public.pem")).value(); }

// The claims of the assertion in a token request, once its signature was found right.
json claims_of(const HttpRequest& request) {
  const auto uri = parse_uri("x://h?" + request.body).value();
  EXPECT_EQ(uri.query.at(0).second, "urn:ietf:params:oauth:grant-type:jwt-bearer");
  const auto jwt = verify_jwt(uri.query.at(1).second, public_key());
  EXPECT_THAT(jwt, IsOk());
  return json::parse(jwt->claims_json);
}

struct ServiceAccountTest : testing::Test {
  std::shared_ptr<Signer> signer(GoogleProof proof = GoogleProof::jwt_grant,
                                 const std::string& file = service_account_json()) {
    return make_service_account_identity(parse_service_account(file).value(), proof)
        ->signer_for(vertex_scope(), bench.services())
        .value();
  }
  Result<std::vector<Header>> sign(const std::shared_ptr<Signer>& with) {
    return with->sign({.url = "https://aiplatform.googleapis.com/x"}, bench.context());
  }
  std::int64_t now() const {
    return std::chrono::floor<std::chrono::seconds>(bench.clock->now()).time_since_epoch().count();
  }
  Bench bench;
};

TEST_F(ServiceAccountTest, ExchangesAnAssertionForAToken) {
  bench.transport->reply({.body = {R"({"access_token":"ya29","expires_in":"3599"})"}});
  const auto with = signer();
  EXPECT_EQ(sign(with).value(), (std::vector<Header>{{"authorization", "Bearer ya29", true}}));
  EXPECT_EQ(sign(with).value()[0].value, "Bearer ya29");
  ASSERT_EQ(bench.transport->request_count(), 1u);
  const HttpRequest request = bench.transport->requests()[0];
  EXPECT_EQ(request.url, "https://oauth2.googleapis.com/token");
  EXPECT_EQ(claims_of(request), (json{{"iss", "robot@p.iam.gserviceaccount.com"},
                                      {"scope", "https://www.googleapis.com/auth/cloud-platform"},
                                      {"aud", "https://oauth2.googleapis.com/token"},
                                      {"iat", now() - 10},
                                      {"exp", now() + 3590}}));
}

TEST_F(ServiceAccountTest, MakesNewClaimsForEachFetch) {
  // What others built once and used for ever worked for one hour.
  bench.transport->handle([](const HttpRequest&) {
    return ScriptedReply{.body = {R"({"access_token":"t","expires_in":3599})"}};
  });
  const auto with = signer();
  for (int hour = 0; hour < 3; ++hour) {
    ASSERT_THAT(sign(with), IsOk());
    EXPECT_EQ(claims_of(bench.transport->requests().back())["iat"], now() - 10) << hour;
    bench.clock->advance(1h);
  }
  EXPECT_EQ(bench.transport->request_count(), 3u);
}

TEST_F(ServiceAccountTest, CorrectsAWrongClockOnceByTheAnswersDate) {
  const ScriptedReply wrong{
      .status = 400,
      .headers = {{"Date", "Wed, 25 Nov 2026 13:00:00 GMT"}},
      .body = {R"({"error":"invalid_grant","error_description":"Invalid JWT: Token must be a )"
               R"(short-lived token (60 minutes) and in a reasonable timeframe."})"}};
  bench.transport->reply(wrong);
  bench.transport->reply({.body = {R"({"access_token":"t","expires_in":3599})"}});
  EXPECT_THAT(sign(signer()), IsOk());
  EXPECT_EQ(claims_of(bench.transport->requests()[1])["iat"], now() + 3600 - 10);

  bench.tokens = make_token_cache();
  bench.transport->reply(wrong);
  bench.transport->reply(wrong);
  EXPECT_THAT(sign(signer()), FailsWith(HasSubstr("differs from Google's by -3600 s")));
}

TEST_F(ServiceAccountTest, SaysWhatGoogleSaidAndNothingSecret) {
  bench.transport->handle([](const HttpRequest& request) {
    return ScriptedReply{.status = 400,
                         .body = {R"({"error":"invalid_grant","error_description":)"
                                  R"("Invalid JWT Signature. got )" +
                                  request.body + "\"}"}};
  });
  const auto outcome = sign(signer());
  EXPECT_THAT(outcome,
              testing::AllOf(HasCode(ErrorCode::authentication), HasPhase(Phase::credentials),
                             FailsWith(HasSubstr("invalid_grant: Invalid JWT Signature")),
                             FailsWith(HasSubstr("create a new one"))));
  const auto sent = parse_uri("x://h?" + bench.transport->requests()[0].body).value();
  EXPECT_THAT(describe(outcome.error()), Not(HasSubstr(sent.query.at(1).second.substr(0, 60))));
  EXPECT_EQ(outcome.error().provider_code, "invalid_grant");
}

TEST_F(ServiceAccountTest, SignsItsOwnTokenWithoutTheNetwork) {
  const auto with = signer(GoogleProof::self_signed);
  const std::string token = sign(with).value()[0].value.substr(7);
  const auto jwt = verify_jwt(token, public_key());
  ASSERT_THAT(jwt, IsOk());
  EXPECT_EQ(jwt->key_id, "kid-1");
  EXPECT_EQ(json::parse(jwt->claims_json),
            (json{{"iss", "robot@p.iam.gserviceaccount.com"},
                  {"sub", "robot@p.iam.gserviceaccount.com"},
                  {"scope", "https://www.googleapis.com/auth/cloud-platform"},
                  {"iat", now() - 10},
                  {"exp", now() + 3590}}));
  EXPECT_EQ(sign(with).value()[0].value.substr(7), token);
  bench.clock->advance(1h);
  EXPECT_NE(sign(with).value()[0].value.substr(7), token);
  EXPECT_EQ(bench.transport->request_count(), 0u);
}

TEST_F(ServiceAccountTest, AlwaysSignsItselfInOtherUniverses) {
  bench = Bench(World{.variables = {{"GOOGLE_CLOUD_UNIVERSE_DOMAIN", "u.example"}}});
  const auto with = signer(
      GoogleProof::jwt_grant,
      service_account_json(R"("token_uri")", R"("universe_domain":"u.example","token_uri")"));
  EXPECT_THAT(sign(with), IsOk());
  EXPECT_EQ(bench.transport->request_count(), 0u);
}

TEST_F(ServiceAccountTest, ExchangesAnAssertionForAnIdToken) {
  const std::string id_token =
      base64url_encode("{}") + '.' + base64url_encode(R"({"exp":1795611600})") + ".c2ln";
  bench.transport->reply({.body = {R"({"id_token":")" + id_token + "\"}"}});
  const auto account = make_service_account(parse_service_account(service_account_json()).value(),
                                            GoogleProof::self_signed);
  const auto token =
      account->fetch_id_token("https://model.run.app", bench.services(), bench.context());
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->value.reveal(), id_token);
  EXPECT_EQ(token->lifetime, 1h);
  const json claims = claims_of(bench.transport->requests()[0]);
  EXPECT_EQ(claims["target_audience"], "https://model.run.app");
  EXPECT_FALSE(claims.contains("scope"));
}

TEST_F(ServiceAccountTest, IsNamedByItsMailAndServesGoogleOnly) {
  const auto identity = make_service_account_identity(
      parse_service_account(service_account_json()).value(), GoogleProof::jwt_grant);
  EXPECT_EQ(identity->describe(), "Google service account robot@p.iam.gserviceaccount.com");
  EXPECT_THAT(identity->signer_for(sagemaker_scope(), bench.services()),
              FailsWith(HasSubstr("it takes AWS keys")));
}

TEST(ServiceAccountKey, NamesWhatAFileIsInstead) {
  const std::string key = service_account_json();
  struct Case {
    std::string file, why;
  };
  const Case cases[] = {{"", "not a JSON object"},
                        {"[]", "not a JSON object"},
                        {"{}", "no \"type\""},
                        {R"({"type":"authorized_user"})", "user credentials"},
                        {R"({"type":"external_account"})", "external_account"},
                        {R"({"installed":{}})", "OAuth client"},
                        {service_account_json("\"private_key\"", "\"k\""), "no \"private_key\""},
                        {service_account_json("\"client_email\"", "\"c\""), "no \"client_email\""},
                        {service_account_json("BEGIN PRIVATE", "BEGIN EC PRIVATE"), "an EC key"}};
  for (const Case& test : cases) {
    EXPECT_THAT(parse_service_account(test.file),
                testing::AllOf(HasCode(ErrorCode::authentication), FailsWith(HasSubstr(test.why))))
        << test.why;
  }
}

TEST(ServiceAccountKey, TrustsOnlyGooglesTokenServicesAndThisMachine) {
  const auto with = [](const std::string& uri) {
    return parse_service_account(service_account_json("https://oauth2.googleapis.com/token", uri));
  };
  for (const char* uri :
       {"https://oauth2.googleapis.com/token", "https://accounts.google.com/o/oauth2/token",
        "https://www.googleapis.com/oauth2/v4/token", "http://127.0.0.1:8080/token", ""}) {
    EXPECT_THAT(with(uri), IsOk()) << uri;
  }
  for (const char* uri :
       {"http://oauth2.googleapis.com/token", "https://evil.example/token",
        "https://oauth2.googleapis.com.evil.example/", "https://evilgoogleapis.com/",
        "https://user@oauth2.googleapis.com/", "nonsense"}) {
    EXPECT_THAT(with(uri), FailsWith(HasSubstr("token_uri"))) << uri;
  }
}

}  // namespace
}  // namespace ek::test

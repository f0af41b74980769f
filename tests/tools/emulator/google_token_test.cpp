#include "emulator_fixture.hpp"

namespace ek::emulator {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using GoogleToken = EmulatorTest;

TEST_F(GoogleToken, IssuesATokenForASignedAssertion) {
  const Got got = grant(google_claims());
  EXPECT_EQ(got.status, 200);
  EXPECT_THAT(got.parsed()["access_token"].get<std::string>(), StartsWith("ya29."));
  EXPECT_EQ(got.parsed()["expires_in"], 3599);
  EXPECT_EQ(json::parse(emulator_->stats_json())["tokens_issued"]["google"], 1);
}

TEST_F(GoogleToken, TakesThePublicEndpointAsAudience) {
  json claims = google_claims();
  claims["aud"] = "https://oauth2.googleapis.com/token";
  EXPECT_EQ(grant(claims).status, 200);
}

struct WrongClaim {
  const char* name;
  json value;
  const char* error;
  const char* description;
};

TEST_F(GoogleToken, RefusesWrongClaimsInGooglesWords) {
  const json now = google_claims()["iat"];
  const long time = now.get<long>();
  const std::vector<WrongClaim> cases = {
      {"iss", "someone@else.iam.gserviceaccount.com", "invalid_grant", "account not found"},
      {"aud", "https://example.com/token", "invalid_grant", "Failed audience check"},
      {"exp", time + 3601, "invalid_grant", "short-lived token (60 minutes)"},
      {"exp", time, "invalid_grant", "short-lived token"},
      {"iat", time + 301, "invalid_grant", "reasonable timeframe"},
      {"scope", "", "invalid_scope", "Invalid OAuth scope"}};
  for (const WrongClaim& wrong : cases) {
    json claims = google_claims();
    claims[wrong.name] = wrong.value;
    const Got got = grant(claims);
    EXPECT_EQ(got.status, 400) << wrong.name;
    EXPECT_EQ(got.parsed()["error"], wrong.error) << wrong.name;
    EXPECT_THAT(got.parsed()["error_description"].get<std::string>(), HasSubstr(wrong.description));
  }
}

TEST_F(GoogleToken, RefusesAnotherKey) {
  const auto other = RsaPrivateKey::generate();
  ASSERT_THAT(other, test::IsOk());
  const std::string forged = make_jwt("", google_claims().dump(), *other).value();
  const Got got = post_form(
      "/token",
      {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, {"assertion", forged}});
  EXPECT_EQ(got.parsed()["error_description"], "Invalid JWT Signature.");
}

TEST_F(GoogleToken, RefusesOtherGrants) {
  EXPECT_EQ(post_form("/token", {{"grant_type", "password"}}).parsed()["error"],
            "unsupported_grant_type");
  EXPECT_EQ(post_form("/token", {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                                 {"assertion", "no jwt"}})
                .parsed()["error"],
            "invalid_grant");
}

}  // namespace
}  // namespace ek::emulator

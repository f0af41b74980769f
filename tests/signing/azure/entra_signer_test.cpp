#include "signing/azure/entra_signer.hpp"

#include "base/base64.hpp"
#include "signing/azure/azure_fixture.hpp"
#include "signing/azure/client_secret.hpp"

namespace ek::test {
namespace {

HttpHead challenge(const std::string& claims, const std::string& more = "") {
  return {.status = 401,
          .headers = {{"www-authenticate", R"(Bearer error="insufficient_claims", claims=")" +
                                               base64_encode(claims) + '"' + more}}};
}

struct EntraSignerTest : testing::Test {
  explicit EntraSignerTest(World world = {}) : bench(std::move(world)) {
    signer = make_client_secret_identity({"tenant-1", "client-1", Secret("s")})
                 ->signer_for(azure_scope(), bench.services())
                 .value();
  }
  std::vector<Header> sign_with(const std::string& token) {
    bench.transport->reply(token_reply(token));
    return signer->sign({.url = azure_url}, bench.context()).value();
  }
  std::string sent_claims(std::size_t request) {
    return value_of(form_of(bench.transport->requests().at(request)), "claims");
  }
  Bench bench;
  std::shared_ptr<Signer> signer;
};

TEST_F(EntraSignerTest, AsksForTheClaimsThatAServiceWantsAndKeepsThatToken) {
  const auto first = sign_with("t1");
  EXPECT_EQ(sent_claims(0), "");
  ASSERT_TRUE(signer->renew_after(challenge(R"({"access_token":{"a":null}})"), first));
  const auto second = sign_with("t2");
  EXPECT_EQ(second[0].value, "Bearer t2");
  EXPECT_EQ(sent_claims(1), R"({"access_token":{"a":null,"xms_cc":{"values":["CP1"]}}})");
  EXPECT_EQ(signer->sign({.url = azure_url}, bench.context()).value()[0].value, "Bearer t2");
  EXPECT_EQ(bench.transport->request_count(), 2u);
}

TEST_F(EntraSignerTest, FetchesAnewWhenTheSameClaimsAreWantedAgain) {
  const HttpHead answer = challenge("{}");
  ASSERT_TRUE(signer->renew_after(answer, sign_with("t1")));
  ASSERT_TRUE(signer->renew_after(answer, sign_with("t2")));
  EXPECT_EQ(sign_with("t3")[0].value, "Bearer t3");
  EXPECT_NE(sent_claims(2), "");
}

TEST_F(EntraSignerTest, OnlyDropsTheTokenWithoutAChallenge) {
  ASSERT_TRUE(signer->renew_after({.status = 401}, sign_with("t1")));
  EXPECT_EQ(sign_with("t2")[0].value, "Bearer t2");
  EXPECT_EQ(sent_claims(1), "");
}

TEST_F(EntraSignerTest, StaysAtHomeWhenAChallengeNamesAStrangeTenant) {
  const HttpHead answer =
      challenge("{}", R"(, authorization_uri="https://login.windows.net/tenant-2")");
  ASSERT_TRUE(signer->renew_after(answer, sign_with("t1")));
  sign_with("t2");
  EXPECT_EQ(bench.transport->requests()[1].url,
            "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token");
}

struct EntraSignerAbroadTest : EntraSignerTest {
  EntraSignerAbroadTest()
      : EntraSignerTest({.variables = {{"AZURE_ADDITIONALLY_ALLOWED_TENANTS", "*"}}}) {}
};

TEST_F(EntraSignerAbroadTest, GoesToTheTenantOfAChallengeWhereThatIsAllowed) {
  const HttpHead answer =
      challenge("{}", R"(, authorization_uri="https://login.windows.net/tenant-2")");
  ASSERT_TRUE(signer->renew_after(answer, sign_with("t1")));
  sign_with("t2");
  EXPECT_EQ(bench.transport->requests()[1].url,
            "https://login.microsoftonline.com/tenant-2/oauth2/v2.0/token");
}

}  // namespace
}  // namespace ek::test

#include "signing/azure/client_secret.hpp"

#include "base/uri.hpp"
#include "signing/azure/aadsts.hpp"
#include "signing/azure/entra.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

AzureClientSecret application() {
  return {.tenant_id = "tenant-1", .client_id = "client-1", .client_secret = Secret("s~+/ é")};
}

struct ClientSecretTest : testing::Test {
  std::shared_ptr<Signer> signer(SigningScope scope = azure_scope(),
                                 AzureClientSecret who = application()) {
    return make_client_secret_identity(check_client_secret(std::move(who)).value())
        ->signer_for(scope, bench.services())
        .value();
  }
  Result<std::vector<Header>> sign(const std::shared_ptr<Signer>& with) {
    return with->sign({.url = "https://e.inference.ml.azure.com/score"}, bench.context());
  }
  Bench bench;
};

TEST_F(ClientSecretTest, AsksTheTenantForATokenAndKeepsIt) {
  bench.transport->reply(
      {.body = {R"({"token_type":"Bearer","expires_in":3599,"access_token":"eyJ"})"}});
  const auto with = signer();
  EXPECT_EQ(sign(with).value(), (std::vector<Header>{{"authorization", "Bearer eyJ", true}}));
  EXPECT_THAT(sign(with), IsOk());
  ASSERT_EQ(bench.transport->request_count(), 1u);
  const HttpRequest request = bench.transport->requests()[0];
  EXPECT_EQ(request.url, "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token");
  using Query = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(parse_uri("x://h?" + request.body)->query,
            (Query{{"grant_type", "client_credentials"},
                   {"client_id", "client-1"},
                   {"client_secret", "s~+/ é"},
                   {"scope", "https://ml.azure.com/.default"}}));
}

TEST_F(ClientSecretTest, KeepsTokensOfTwoScopesTenantsAndAuthoritiesApart) {
  int fetches = 0;
  bench.transport->handle([&](const HttpRequest&) {
    return ScriptedReply{
        .body = {R"({"expires_in":3599,"access_token":"t)" + std::to_string(++fetches) + "\"}"}};
  });
  SigningScope other_scope = azure_scope();
  other_scope.entra_scope = "https://cognitiveservices.azure.com/.default";
  AzureClientSecret other_tenant = application();
  other_tenant.tenant_id = "tenant-2";
  AzureClientSecret other_cloud = application();
  other_cloud.authority_host = "https://login.microsoftonline.us/";
  EXPECT_EQ(sign(signer()).value()[0].value, "Bearer t1");
  EXPECT_EQ(sign(signer(other_scope)).value()[0].value, "Bearer t2");
  EXPECT_EQ(sign(signer(azure_scope(), other_tenant)).value()[0].value, "Bearer t3");
  EXPECT_EQ(sign(signer(azure_scope(), other_cloud)).value()[0].value, "Bearer t4");
  EXPECT_EQ(sign(signer()).value()[0].value, "Bearer t1");
  EXPECT_EQ(bench.transport->requests()[3].url,
            "https://login.microsoftonline.us/tenant-1/oauth2/v2.0/token");
}

TEST_F(ClientSecretTest, ExplainsARefusalWithNumberIdsAndAdvice) {
  bench.transport->reply(
      {.status = 401,
       .body = {R"({"error":"invalid_client","error_description":"AADSTS7000215: Invalid client )"
                R"(secret s~+/ é.\r\nTrace ID: x","trace_id":"T-1","correlation_id":"C-1"})"}});
  const auto outcome = sign(signer());
  ASSERT_THAT(outcome, HasCode(ErrorCode::authentication));
  const Error& error = outcome.error();
  EXPECT_EQ(error.phase, Phase::credentials);
  EXPECT_EQ(error.provider_code, "invalid_client");
  EXPECT_EQ(error.reason, "AADSTS7000215");
  EXPECT_EQ(error.request_id, "T-1");
  EXPECT_FALSE(error.retryable);
  EXPECT_THAT(error.message,
              testing::AllOf(HasSubstr("the secret's value, not its ID"), HasSubstr("T-1"),
                             HasSubstr("C-1"), Not(HasSubstr("s~+/"))));
}

TEST_F(ClientSecretTest, MayRetryWhatPasses) {
  bench.transport->reply(
      {.status = 400, .body = {R"({"error":"x","error_description":"AADSTS90033: busy"})"}});
  const auto outcome = sign(signer());
  EXPECT_THAT(outcome, HasCode(ErrorCode::unavailable));
  EXPECT_TRUE(outcome.error().retryable);
}

TEST(ClientSecret, KnowsThePathsOfAdfs) {
  const AzureClientSecret adfs = application();
  const HttpRequest request =
      token_request({.tenant_id = "adfs", .client_id = "c", .authority_host = adfs.authority_host},
                    {.scope = "https://azure.com/.default"},
                    {.value = adfs.client_secret, .is_assertion = false});
  EXPECT_EQ(request.url, "https://login.microsoftonline.com/adfs/oauth2/token");
  EXPECT_THAT(request.body, testing::EndsWith("scope=https%3A%2F%2Fazure.com"));
}

TEST(ClientSecret, IsCheckedBeforeAnythingIsSent) {
  struct Case {
    std::string AzureClientSecret::*member;
    std::string value, why;
  };
  const Case cases[] = {
      {&AzureClientSecret::tenant_id, "", "tenant id"},
      {&AzureClientSecret::tenant_id, "a/b", "tenant id"},
      {&AzureClientSecret::tenant_id, "Common", "tenant's id"},
      {&AzureClientSecret::client_id, "", "client id is empty"},
      {&AzureClientSecret::authority_host, "http://login.example", "https"},
      {&AzureClientSecret::authority_host, "login.microsoftonline.com", "authority host"},
      {&AzureClientSecret::authority_host, "https://h/path", "without a path"},
      {&AzureClientSecret::authority_host, "https://h?q=1", "without a path"}};
  for (const Case& test : cases) {
    AzureClientSecret who = application();
    who.*test.member = test.value;
    EXPECT_THAT(check_client_secret(who),
                testing::AllOf(HasCode(ErrorCode::invalid_request), FailsWith(HasSubstr(test.why))))
        << test.value;
  }
  AzureClientSecret who = application();
  who.client_secret = Secret();
  EXPECT_THAT(check_client_secret(who), HasCode(ErrorCode::invalid_request));
  who = application();
  who.authority_host = "http://localhost:8080";
  EXPECT_THAT(check_client_secret(who), IsOk());
}

TEST(ClientSecret, IsNamedWithoutItsSecret) {
  EXPECT_EQ(make_client_secret_identity(application())->describe(),
            "Azure application client-1 in tenant tenant-1");
}

TEST(Aadsts, IsFoundInDescriptions) {
  EXPECT_EQ(aadsts_code("AADSTS7000215: Invalid"), "7000215");
  EXPECT_EQ(aadsts_code("x AADSTS50196"), "50196");
  EXPECT_EQ(aadsts_code("nothing"), "");
  EXPECT_EQ(aadsts_advice("1"), "");
  EXPECT_FALSE(aadsts_advice("700016").empty());
}

}  // namespace
}  // namespace ek::test

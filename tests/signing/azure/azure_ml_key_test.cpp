#include "signing/azure/azure_ml_key.hpp"

#include "signing/azure/azure_fixture.hpp"
#include "signing/azure/client_secret.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr const char* address =
    "https://management.azure.com/subscriptions/s/resourceGroups/g/providers/"
    "Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/e/";

AzureMlEndpoint endpoint() { return {"s", "g", "w", "e"}; }

struct AzureMlKeyTest : testing::Test {
  std::shared_ptr<Signer> signer(AzureMlProof proof) {
    return make_azure_ml_identity(check_azure_ml_endpoint(endpoint()).value(), proof,
                                  make_client_secret_identity({"t", "c", Secret("s")}))
        ->signer_for(azure_scope(), bench.services())
        .value();
  }
  Result<std::vector<Header>> sign(Signer& with) {
    return with.sign({.url = azure_url}, bench.context());
  }
  Bench bench;
};

TEST_F(AzureMlKeyTest, IsFetchedWithAnotherIdentityAndKept) {
  const auto with = signer(AzureMlProof::key);
  bench.transport->reply(token_reply("arm"));
  bench.transport->reply({.body = {R"({"primaryKey":"k1","secondaryKey":"k2"})"}});
  EXPECT_EQ(sign(*with).value(), (std::vector<Header>{{"authorization", "Bearer k1", true}}));
  EXPECT_THAT(sign(*with), IsOk());
  const auto requests = bench.transport->requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(value_of(form_of(requests[0]), "scope"), "https://management.azure.com/.default");
  EXPECT_EQ(requests[1].method, "POST");
  EXPECT_EQ(requests[1].url, std::string(address) + "listKeys?api-version=2024-10-01");
  EXPECT_EQ(header(requests[1].headers, "authorization")->value, "Bearer arm");
}

TEST_F(AzureMlKeyTest, IsFetchedAnewOnceItIsRefused) {
  const auto with = signer(AzureMlProof::key);
  bench.transport->reply(token_reply("arm"));
  bench.transport->reply({.body = {R"({"primaryKey":"old"})"}});
  ASSERT_TRUE(with->renew(sign(*with).value()));
  bench.transport->reply({.body = {R"({"primaryKey":"new"})"}});
  EXPECT_EQ(sign(*with).value()[0].value, "Bearer new");
}

TEST_F(AzureMlKeyTest, OfATokenEndpointLivesAsLongAsItSays) {
  const auto with = signer(AzureMlProof::token);
  bench.transport->reply(token_reply("arm"));
  bench.transport->reply({.body = {R"({"accessToken":"a1","expiryTimeUtc":1795611600,)"
                                   R"("refreshAfterTimeUtc":1795609800,"tokenType":"Bearer"})"}});
  EXPECT_EQ(sign(*with).value()[0].value, "Bearer a1");
  EXPECT_EQ(bench.transport->requests()[1].url,
            std::string(address) + "token?api-version=2024-10-01");
  bench.clock->advance(31min);
  bench.transport->reply({.body = {R"({"accessToken":"a2","expiryTimeUtc":1795615200})"}});
  EXPECT_EQ(sign(*with).value()[0].value, "Bearer a2");
}

TEST_F(AzureMlKeyTest, SaysWhichRightIsMissing) {
  const auto with = signer(AzureMlProof::key);
  bench.transport->reply(token_reply("PLANTED"));
  bench.transport->reply(
      {.status = 403,
       .headers = {{"x-ms-request-id", "R"}},
       .body = {R"({"error":{"code":"AuthorizationFailed","message":"no PLANTED right"}})"}});
  const auto outcome = sign(*with);
  ASSERT_THAT(outcome, HasCode(ErrorCode::permission));
  EXPECT_EQ(outcome.error().provider_code, "AuthorizationFailed");
  EXPECT_EQ(outcome.error().request_id, "R");
  EXPECT_THAT(outcome, FailsWith(testing::AllOf(HasSubstr("onlineEndpoints/listKeys/action"),
                                                Not(HasSubstr("PLANTED")))));
}

TEST_F(AzureMlKeyTest, RenewsTheOtherIdentitysTokenOnce) {
  const auto with = signer(AzureMlProof::key);
  bench.transport->reply(token_reply("arm1"));
  bench.transport->reply({.status = 401});
  bench.transport->reply(token_reply("arm2"));
  bench.transport->reply({.body = {R"({"primaryKey":"k"})"}});
  EXPECT_EQ(sign(*with).value()[0].value, "Bearer k");
}

TEST(AzureMlKey, NeedsAnAnswerThatHoldsOne) {
  for (const char* body :
       {"", "[]", "{}", R"({"primaryKey":""})", R"({"secondaryKey":"PLANTED"})"}) {
    const auto key = parse_azure_ml_proof(AzureMlProof::key, body, {});
    EXPECT_THAT(key, HasCode(ErrorCode::server_error));
    EXPECT_THAT(key, FailsWith(Not(HasSubstr("PLANTED"))));
  }
  EXPECT_THAT(parse_azure_ml_proof(AzureMlProof::token, R"({"accessToken":"PLANTED"})", {}),
              HasCode(ErrorCode::server_error));
}

TEST(AzureMlKey, IsForPathsThatHoldNothingElse) {
  for (std::string AzureMlEndpoint::*member :
       {&AzureMlEndpoint::subscription_id, &AzureMlEndpoint::resource_group,
        &AzureMlEndpoint::workspace, &AzureMlEndpoint::endpoint}) {
    for (const char* wrong : {"", "a/b", "..", "a?b", "a%2fb", "a b"}) {
      AzureMlEndpoint broken = endpoint();
      broken.*member = wrong;
      EXPECT_THAT(check_azure_ml_endpoint(broken), HasCode(ErrorCode::invalid_request)) << wrong;
    }
  }
  AzureMlEndpoint open = endpoint();
  open.resource_manager = "http://management.azure.com";
  EXPECT_THAT(check_azure_ml_endpoint(open), HasCode(ErrorCode::invalid_request));
  const auto identity = make_azure_ml_identity(
      endpoint(), AzureMlProof::key, make_client_secret_identity({"t", "c", Secret("s")}));
  EXPECT_THAT(identity->signer_for(vertex_scope(), Bench().services()),
              HasCode(ErrorCode::invalid_request));
}

}  // namespace
}  // namespace ek::test

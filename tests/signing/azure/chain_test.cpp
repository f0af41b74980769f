#include "signing/azure/chain.hpp"

#include "signing/azure/azure_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> az = {"az",   "account",    "get-access-token",    "--output",
                                     "json", "--resource", "https://ml.azure.com"};
CommandOutput az_token(const std::string& token) {
  return {.standard_output = R"({"accessToken":")" + token + R"(","expires_on":1795611600})"};
}
const std::map<std::string, std::string> secret = {
    {"AZURE_TENANT_ID", "t"}, {"AZURE_CLIENT_ID", "c"}, {"AZURE_CLIENT_SECRET", "PLANTED"}};

Result<std::vector<Header>> look(const Bench& bench, const SigningScope& scope = azure_scope()) {
  return sign(bench, *make_azure_default_identity(), scope);
}
std::map<std::string, std::string> chosen(const std::string& what,
                                          std::map<std::string, std::string> more = {}) {
  more["AZURE_TOKEN_CREDENTIALS"] = what;
  return more;
}

TEST(AzureChain, TakesTheFirstThatIsThere) {
  const std::map<std::string, std::string> files = {
      {"/token", "federated"},
      {"/cert.pem", data_file("keys/client_certificates.pem") + data_file("keys/rsa_pkcs8.pem")}};
  struct Case {
    std::map<std::string, std::string> variables;
    std::string sent;
  };
  const Case cases[] = {
      {{{"AZURE_CLIENT_CERTIFICATE_PATH", "/cert.pem"}, {"AZURE_CLIENT_SECRET", "s"}},
       "client_secret=s"},
      {{{"AZURE_CLIENT_CERTIFICATE_PATH", "/cert.pem"}, {"AZURE_FEDERATED_TOKEN_FILE", "/token"}},
       "client_assertion=ey"},
      {{{"AZURE_FEDERATED_TOKEN_FILE", "/token"}, {"MSI_ENDPOINT", "http://localhost"}},
       "client_assertion=federated"},
      {{{"MSI_ENDPOINT", "http://localhost"}, {"AZURE_CLIENT_ID", ""}}, "resource=https"}};
  for (const Case& test : cases) {
    World world{.variables = {{"AZURE_TENANT_ID", "t"}, {"AZURE_CLIENT_ID", "c"}}, .files = files};
    for (const auto& [name, value] : test.variables) world.variables[name] = value;
    const Bench bench(world);
    bench.transport->reply(token_reply());
    EXPECT_THAT(look(bench), IsOk());
    EXPECT_THAT(bench.transport->requests().at(0).body, HasSubstr(test.sent));
  }
}

TEST(AzureChain, SendsTheChainOfTheCertificateWhereThatIsWanted) {
  World world{.variables = {{"AZURE_TENANT_ID", "t"},
                            {"AZURE_CLIENT_ID", "c"},
                            {"AZURE_CLIENT_CERTIFICATE_PATH", "/c.pfx"},
                            {"AZURE_CLIENT_CERTIFICATE_PASSWORD", "secret"},
                            {"AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "True"}},
              .files = {{"/c.pfx", data_file("keys/client.pfx")}}};
  const Bench bench(world);
  bench.transport->reply(token_reply());
  EXPECT_THAT(look(bench), IsOk());
  EXPECT_GT(bench.transport->requests().at(0).body.size(), 2000u);
}

TEST(AzureChain, EndsTheSearchOffAzureWithinASecondAndRemembersIt) {
  const Bench bench;
  bench.transport->handle(
      [](const HttpRequest&) { return ScriptedReply{.hangs = true, .head_after = 1h}; });
  const auto began = bench.clock->steady_now();
  EXPECT_THAT(look(bench), AllOf(HasCode(ErrorCode::authentication),
                                 FailsWith(HasSubstr("found no Azure credentials"))));
  EXPECT_LE(bench.clock->steady_now() - began, 1s);
  EXPECT_THAT(look(bench), HasCode(ErrorCode::authentication));
  EXPECT_EQ(bench.transport->request_count(), 1u);
}

TEST(AzureChain, GoesOnFromAMachineWithoutAnIdentityToTheDeveloper) {
  const Bench bench(World{.commands = {{az, az_token("cli")}}});
  bench.transport->reply({.status = 400});
  bench.transport->reply(
      {.status = 400,
       .body = {R"({"error":"invalid_request","error_description":"Identity not found"})"}});
  EXPECT_EQ(look(bench).value()[0].value, "Bearer cli");
}

TEST(AzureChain, UsesTheMachinesIdentityAndItsTokenOnce) {
  const Bench bench(World{.variables = {{"AZURE_CLIENT_ID", "assigned"}}});
  bench.transport->reply({.status = 400});
  bench.transport->reply(token_reply("machine"));
  EXPECT_EQ(look(bench).value()[0].value, "Bearer machine");
  ASSERT_EQ(bench.transport->request_count(), 2u);
  EXPECT_EQ(value_of(query_of(bench.transport->requests()[1]), "client_id"), "assigned");
}

TEST(AzureChain, DoesNotPassOverWhatIsConfiguredAndFails) {
  const Bench bench(World{.variables = secret, .commands = {{az, az_token("cli")}}});
  bench.transport->reply({.status = 401, .body = {R"({"error":"invalid_client"})"}});
  EXPECT_THAT(look(bench), HasCode(ErrorCode::authentication));
  const Bench half(World{.variables = {{"AZURE_FEDERATED_TOKEN_FILE", "/t"}}});
  EXPECT_THAT(look(half), FailsWith(HasSubstr("AZURE_TENANT_ID is not: set all three")));
}

TEST(AzureChain, IsCutToWhatAVariableNames) {
  struct Case {
    std::string choice;
    bool uses_secret, uses_cli;
  };
  const Case cases[] = {{"prod", true, false},
                        {" DEV ", false, true},
                        {"environmentcredential", true, false},
                        {"AzureCliCredential", false, true}};
  for (const Case& test : cases) {
    const Bench bench(
        World{.variables = chosen(test.choice, secret), .commands = {{az, az_token("cli")}}});
    if (test.uses_secret) bench.transport->reply(token_reply("secret"));
    const auto headers = look(bench);
    ASSERT_THAT(headers, IsOk()) << test.choice;
    EXPECT_EQ(headers.value()[0].value, test.uses_cli ? "Bearer cli" : "Bearer secret");
  }
  EXPECT_THAT(look(Bench(World{.variables = chosen("PLANTED")})),
              FailsWith(AllOf(HasSubstr("AZURE_TOKEN_CREDENTIALS"), HasSubstr("AzureCliCredential"),
                              Not(HasSubstr("PLANTED")))));
}

TEST(AzureChain, WaitsForAMachineThatIsNamed) {
  const Bench bench(World{.variables = chosen("ManagedIdentityCredential")});
  bench.transport->reply({.status = 404});
  bench.transport->reply(token_reply("machine"));
  EXPECT_EQ(look(bench).value()[0].value, "Bearer machine") << "no probe, and all tries";
  const Bench cli(World{.variables = chosen("AzureCliCredential")});
  EXPECT_THAT(look(cli), FailsWith(HasSubstr("cannot run \"az\"")));
}

TEST(AzureChain, HasNoUseForScopesOfOthers) {
  EXPECT_THAT(look(Bench(), sagemaker_scope()), HasCode(ErrorCode::invalid_request));
  SigningScope key_only = azure_scope();
  key_only.entra_scope.clear();
  EXPECT_THAT(look(Bench(World{.variables = secret}), key_only),
              FailsWith(HasSubstr("AZUREML_ENDPOINT_API_KEY is not set")));
}

}  // namespace
}  // namespace ek::test

#include "signing/environment_identity.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::shared_ptr<Signer> signer(const Bench& bench, const SigningScope& scope) {
  return make_environment_identity()->signer_for(scope, bench.services()).value();
}
Result<std::vector<Header>> sign(const Bench& bench, const SigningScope& scope) {
  return signer(bench, scope)->sign({.url = "https://h/"}, bench.context());
}

TEST(EnvironmentIdentity, SignsWithTheAwsVariables) {
  const Bench bench(World{.variables = {{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                                        {"AWS_SECRET_ACCESS_KEY", "PLANTED"},
                                        {"AWS_SESSION_TOKEN", "TOKEN"}}});
  const auto with = signer(bench, sagemaker_scope());
  EXPECT_EQ(with->describe(), "AWS credentials from the environment, not looked up yet");
  const auto headers = with->sign({.url = "https://h/"}, bench.context());
  ASSERT_THAT(headers, IsOk());
  EXPECT_EQ(header(*headers, "x-amz-security-token")->value, "TOKEN");
  EXPECT_EQ(with->describe(), "AWS access key AKID…MPLE from the environment");
  EXPECT_FALSE(with->renew(*headers));
}

TEST(EnvironmentIdentity, TakesHalfAPairOfAwsKeysForAMistake) {
  const Bench bench(World{.variables = {{"AWS_SECRET_ACCESS_KEY", "PLANTED"}}});
  EXPECT_THAT(sign(bench, sagemaker_scope()),
              FailsWith(AllOf(HasSubstr("AWS_ACCESS_KEY_ID is not"), Not(HasSubstr("PLANTED")))));
}

TEST(EnvironmentIdentity, ListsWhatItLookedAtAndWhatToDo) {
  const Bench empty(World{.variables = {{"AWS_ACCESS_KEY_ID", ""},
                                        {"AWS_EC2_METADATA_DISABLED", "true"},
                                        {"NO_GCE_CHECK", "true"}}});
  EXPECT_THAT(sign(empty, sagemaker_scope()),
              AllOf(HasCode(ErrorCode::authentication), HasPhase(Phase::credentials),
                    FailsWith(AllOf(HasSubstr("AWS_ACCESS_KEY_ID is empty"),
                                    HasSubstr("AWS_SECRET_ACCESS_KEY are not set"),
                                    HasSubstr("Credentials::aws_keys")))));
  EXPECT_THAT(sign(empty, vertex_scope()),
              FailsWith(HasSubstr("GOOGLE_APPLICATION_CREDENTIALS is not set")));
  const Bench half(World{.variables = {{"AZURE_TENANT_ID", "t"}}});
  half.transport->handle([](const HttpRequest&) { return refused_connection(); });
  EXPECT_THAT(sign(half, azure_scope()),
              FailsWith(AllOf(HasSubstr("AZUREML_ENDPOINT_API_KEY is not set"),
                              HasSubstr("AZURE_TENANT_ID is set"),
                              HasSubstr("AZURE_CLIENT_SECRET is not set"))));
}

TEST(EnvironmentIdentity, LooksAgainAfterAFailureAndNeverAfterASuccess) {
  const auto clock = std::make_shared<ManualClock>();
  auto values = std::make_shared<std::map<std::string, std::string>>();
  Environment environment = *make_environment(clock);
  environment.variable = [values](const std::string& name) -> std::optional<std::string> {
    return values->contains(name) ? std::optional(values->at(name)) : std::nullopt;
  };
  Bench bench;
  bench.environment = std::make_shared<const Environment>(environment);
  bench.transport->handle([](const HttpRequest&) { return refused_connection(); });
  const auto with = signer(bench, azure_scope());
  EXPECT_THAT(with->sign({.url = "https://h/"}, bench.context()),
              HasCode(ErrorCode::authentication));
  (*values)["AZUREML_ENDPOINT_API_KEY"] = "first";
  EXPECT_THAT(with->sign({.url = "https://h/"}, bench.context()), IsOk());
  (*values)["AZUREML_ENDPOINT_API_KEY"] = "second";
  EXPECT_EQ(with->sign({.url = "https://h/"}, bench.context()).value()[0].value, "Bearer first");
}

TEST(EnvironmentIdentity, ReadsTheGoogleKeyFile) {
  const Bench bench(World{.variables = {{"GOOGLE_APPLICATION_CREDENTIALS", "/key.json"}},
                          .files = {{"/key.json", service_account_json()}}});
  bench.transport->reply({.body = {R"({"access_token":"t","expires_in":3599})"}});
  EXPECT_EQ(sign(bench, vertex_scope()).value()[0].value, "Bearer t");
}

TEST(EnvironmentIdentity, DoesNotPassOverAGoogleKeyFileThatIsSetAndBroken) {
  const World worlds[] = {{.variables = {{"GOOGLE_APPLICATION_CREDENTIALS", "/none.json"}}},
                          {.variables = {{"GOOGLE_APPLICATION_CREDENTIALS", "/none.json"}},
                           .files = {{"/none.json", "PLANTED"}}}};
  for (const World& world : worlds) {
    EXPECT_THAT(sign(Bench(world), vertex_scope()),
                AllOf(HasCode(ErrorCode::authentication),
                      FailsWith(AllOf(HasSubstr("GOOGLE_APPLICATION_CREDENTIALS"),
                                      HasSubstr("/none.json"), Not(HasSubstr("PLANTED"))))));
  }
}

TEST(EnvironmentIdentity, PrefersTheEndpointKeyOnAzureWhereKeysAreAccepted) {
  const World world{.variables = {{"AZUREML_ENDPOINT_API_KEY", "key"},
                                  {"AZURE_TENANT_ID", "t"},
                                  {"AZURE_CLIENT_ID", "c"},
                                  {"AZURE_CLIENT_SECRET", "PLANTED"},
                                  {"AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us"}}};
  const Bench bench(world);
  EXPECT_EQ(sign(bench, azure_scope()).value()[0].value, "Bearer key");
  SigningScope entra_only = azure_scope();
  entra_only.accepts_key = false;
  bench.transport->reply({.body = {R"({"access_token":"t","expires_in":3599})"}});
  EXPECT_EQ(sign(bench, entra_only).value()[0].value, "Bearer t");
  EXPECT_EQ(bench.transport->requests()[0].url,
            "https://login.microsoftonline.us/t/oauth2/v2.0/token");
}

TEST(EnvironmentIdentity, TakesASecretWithoutItsApplicationForAMistake) {
  const Bench bench(
      World{.variables = {{"AZURE_CLIENT_ID", "c"}, {"AZURE_CLIENT_SECRET", "PLANTED"}}});
  EXPECT_THAT(sign(bench, azure_scope()),
              FailsWith(AllOf(HasSubstr("AZURE_TENANT_ID is not"), Not(HasSubstr("PLANTED")))));
}

TEST(EnvironmentIdentity, RefusesAScopeThatWantsNothing) {
  EXPECT_THAT(make_environment_identity()->signer_for({}, Bench().services()),
              HasCode(ErrorCode::invalid_request));
}

}  // namespace
}  // namespace ek::test

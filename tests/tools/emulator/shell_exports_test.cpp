#include <gmock/gmock.h>

#include <set>

#include "signing/aws/endpoints.hpp"
#include "signing/environment_identity.hpp"
#include "signing/signing_fixture.hpp"
#include "tools/emulator/emulator.hpp"

namespace ek::emulator {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ShellExports, QuoteWhatAShellWouldRead) {
  EXPECT_THAT(shell_exports({{"A", "it's $HOME `x`"}, {"B", ""}}),
              testing::EndsWith("\nexport A='it'\\''s $HOME `x`'\nexport B=''\n"));
}

TEST(ShellExports, UnsetWhatTheyDoNotGive) {
  const std::string text = shell_exports({{"AWS_ACCESS_KEY_ID", "k"}});
  const std::string unset = text.substr(0, text.find('\n')) + " ";
  EXPECT_THAT(unset, testing::StartsWith("unset "));
  EXPECT_THAT(unset, testing::AllOf(HasSubstr(" AWS_SESSION_TOKEN "), HasSubstr(" AWS_PROFILE "),
                                    HasSubstr(" AZUREML_ENDPOINT_API_KEY ")));
  EXPECT_THAT(unset, Not(HasSubstr(" AWS_ACCESS_KEY_ID ")));
}

// Notes each variable that the chains ask for while they find nothing.
std::set<std::string> asked_by_the_chains() {
  std::set<std::string> asked;
  test::Bench bench;
  Environment environment = *bench.environment;
  environment.variable = [&asked](const std::string& name) -> std::optional<std::string> {
    asked.insert(name);
    return std::nullopt;
  };
  bench.environment = std::make_shared<const Environment>(environment);
  bench.transport->handle([](const HttpRequest&) { return test::refused_connection(); });
  for (const SigningScope& scope :
       {test::sagemaker_scope(), test::vertex_scope(), test::azure_scope()}) {
    const auto signer = make_environment_identity()->signer_for(scope, bench.services());
    EXPECT_THAT(signer, test::IsOk());
    (void)(*signer)->explain(bench.context());
  }
  for (const char* service : {"sts", "sso", "sso-oidc"})
    (void)find_aws_endpoint(environment, service, "us-east-1");
  return asked;
}

// Where files of the user and programs are, and which host one runs on, is no credential.
TEST(ShellExports, GiveOrUnsetEachVariableOfTheDefaultChains) {
  const std::set<std::string> kept = {"APPDATA",       "CLOUD_RUN_JOB",   "CLOUD_RUN_WORKER_POOL",
                                      "FUNCTION_NAME", "FUNCTION_TARGET", "GAE_SERVICE",
                                      "HOME",          "HOMEDRIVE",       "HOMEPATH",
                                      "K_SERVICE",     "USERPROFILE",     "PATH"};
  const std::set<std::string> given = {"AWS_ENDPOINT_URL_STS", "AWS_REGION", "AWS_DEFAULT_REGION",
                                       "AZURE_AUTHORITY_HOST"};
  std::string text = shell_exports({});
  text.back() = ' ';
  const std::set<std::string> asked = asked_by_the_chains();
  EXPECT_TRUE(asked.contains("AWS_PROFILE"));
  for (const std::string& name : asked) {
    if (kept.contains(name) || given.contains(name)) continue;
    EXPECT_THAT(text, HasSubstr(" " + name + " "));
  }
}

}  // namespace
}  // namespace ek::emulator

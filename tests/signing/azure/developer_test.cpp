#include "signing/azure/developer.hpp"

#include "signing/azure/azure_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr std::chrono::sys_seconds now{1795608000s};  // 2026-11-25T12:00:00Z
const EntraAsk ask{.scope = "https://ml.azure.com/.default"};
const std::vector<std::string> az = {"az",   "account",    "get-access-token",    "--output",
                                     "json", "--resource", "https://ml.azure.com"};
const AzureProgram programs[] = {AzureProgram::cli, AzureProgram::developer_cli,
                                 AzureProgram::power_shell};

Result<std::vector<Header>> sign_in(const CommandOutput& output) {
  return sign(Bench(World{.commands = {{az, output}}}),
              *make_developer_identity(AzureProgram::cli, {}));
}

TEST(AzureProgram, GivesItsToken) {
  const auto headers = sign_in(
      {.standard_output = R"({"accessToken":"t","expires_on":1795611600,"expiresOn":"N/A"})"});
  EXPECT_EQ(headers.value()[0].value, "Bearer t");
}

TEST(AzureProgram, EndsWithTheCallThatItRunsFor) {
  std::stop_source stop;
  const Bench bench(World{.commands = {{az, {}}}, .while_one_runs = [&] { stop.request_stop(); }});
  EXPECT_THAT(
      sign(bench, *make_developer_identity(AzureProgram::cli, {}), azure_scope(), stop.get_token()),
      HasCode(ErrorCode::cancelled));
}

TEST(AzureProgram, IsRunWithTenantAndSubscription) {
  const AzureLogin login{.tenant_id = "t-1", .subscription = "My sub_1"};
  auto expected = az;
  expected.insert(expected.end(), {"--tenant", "t-1", "--subscription", "My sub_1"});
  EXPECT_EQ(token_command(AzureProgram::cli, login, ask).value(), expected);
  EXPECT_EQ(
      token_command(AzureProgram::developer_cli, login, ask).value(),
      (std::vector<std::string>{"azd", "auth", "token", "--output", "json", "--no-prompt",
                                "--scope", "https://ml.azure.com/.default", "--tenant-id", "t-1"}));
  const auto script = token_command(AzureProgram::power_shell, login, ask).value();
  EXPECT_EQ(script[0], "pwsh");
  EXPECT_THAT(script.back(), testing::AllOf(HasSubstr("ResourceUrl='https://ml.azure.com'"),
                                            HasSubstr("TenantId='t-1'")));
}

TEST(AzureProgram, IsGivenNothingThatItCouldTakeForMore) {
  for (const char* scope : {"", "-x", "https://a b", "https://a'; rm", "$(x)", "a\"b"}) {
    for (const AzureProgram program : programs)
      EXPECT_THAT(token_command(program, {}, {.scope = scope}), Not(IsOk())) << scope;
  }
  for (const AzureLogin& login :
       {AzureLogin{.tenant_id = "a'b"}, AzureLogin{.tenant_id = "-t"},
        AzureLogin{.subscription = "-s"}, AzureLogin{.subscription = "a;b"}}) {
    EXPECT_THAT(check_login(login), HasCode(ErrorCode::invalid_request));
  }
  EXPECT_THAT(check_login({}), IsOk());
}

TEST(AzureProgram, SaysHowToSignInForClaims) {
  const EntraAsk more{.scope = "https://a/.default", .claims = "{}"};
  EXPECT_THAT(token_command(AzureProgram::cli, {}, more),
              FailsWith(HasSubstr("az login --claims-challenge e30=")));
  EXPECT_THAT(token_command(AzureProgram::power_shell, {}, more),
              FailsWith(HasSubstr("Connect-AzAccount -ClaimsChallenge e30=")));
  EXPECT_THAT(token_command(AzureProgram::developer_cli, {}, more).value(), Contains("e30="));
}

TEST(AzureProgram, TellsWhenItsTokenEnds) {
  struct Case {
    AzureProgram program;
    const char* output;
    std::chrono::seconds lifetime;
  };
  const Case cases[] = {
      {AzureProgram::cli, R"({"accessToken":"t","expires_on":1795608060})", 60s},
      // Local time of an unknown place: not believed.
      {AzureProgram::cli, R"({"accessToken":"t","expiresOn":"2026-11-25 23:00:00.0"})", 5min},
      {AzureProgram::developer_cli, R"({"token":"t","expiresOn":"2026-11-25T13:00:00Z"})", 1h},
      {AzureProgram::power_shell, R"({"token":"t","expires_on":1795611600})", 1h}};
  for (const Case& test : cases)
    EXPECT_EQ(parse_program_token(test.program, test.output, now).value().lifetime, test.lifetime);
}

TEST(AzureProgram, IsNotBelievedWhateverItWrites) {
  for (const char* output :
       {"", "PLANTED", "[]", "{}", R"({"accessToken":""})", R"({"token":1})",
        R"({"accessToken":"PLANTED","token":"PLANTED","expires_on":-1,"expiresOn":"PLANTED"})",
        R"({"accessToken":"PLANTED","token":"PLANTED","expires_on":253402300800})"}) {
    for (const AzureProgram program : programs) {
      const auto token = parse_program_token(program, output, now);
      EXPECT_THAT(token, HasCode(ErrorCode::server_error)) << output;
      EXPECT_THAT(token, FailsWith(Not(HasSubstr("PLANTED"))));
    }
  }
}

TEST(AzureProgram, IsQuotedWhereItFails) {
  EXPECT_THAT(sign_in({.exit_code = 1,
                       .standard_output = "PLANTED",
                       .standard_error = "ERROR: Please run 'az login' to setup account.\nmore"}),
              FailsWith(testing::AllOf(HasSubstr("Please run 'az login'"), HasSubstr("exit code 1"),
                                       Not(HasSubstr("more")), Not(HasSubstr("PLANTED")))));
  EXPECT_THAT(sign(Bench(), *make_developer_identity(AzureProgram::cli, {})),
              FailsWith(HasSubstr("az")));
}

}  // namespace
}  // namespace ek::test

#include "signing/aws/process.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;
using testing::Not;

Result<TemporaryKeys> run(CommandOutput output) {
  World world;
  world.commands[{"sh", "-c", "give 'me keys' | cat"}] = std::move(output);
  const Bench bench(std::move(world));
  return fetch_process_keys("give 'me keys' | cat", bench.services(), bench.context());
}

TEST(CredentialProcess, ReadsWhatTheProgramPrints) {
  const auto keys =
      run({.standard_output = R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"S",)"
                              R"("SessionToken":"T","Expiration":"2026-11-25T13:00:00Z"})"});
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(keys->keys.session_token, Secret("T"));
  EXPECT_TRUE(keys->expires);
  EXPECT_EQ(run({.standard_output = R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"S"})"})
                .value()
                .expires,
            std::nullopt);
}

TEST(CredentialProcess, ShowsStandardErrorButNeverStandardOutput) {
  const struct {
    CommandOutput output;
    const char* says;
  } cases[] = {
      {{.exit_code = 3, .standard_output = "PLANTED", .standard_error = "sign in first\n"},
       "exit code 3; run it by hand"},
      {{.standard_output = "PLANTED"}, "\"Version\": 1"},
      {{.standard_output = R"({"Version":2,"AccessKeyId":"A","SecretAccessKey":"PLANTED"})"},
       "\"Version\": 1"},
      {{.standard_output = R"({"Version":1,"AccessKeyId":"A","Secret":"PLANTED"})"},
       "no \"SecretAccessKey\""},
      {{.standard_output = R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"PLANTED",)"
                           R"("Expiration":"2026-11-25T11:59:59Z"})"},
       "have expired"},
  };
  for (const auto& [output, says] : cases) {
    EXPECT_THAT(run(output), FailsWith(HasSubstr(says)));
    EXPECT_THAT(run(output), FailsWith(Not(HasSubstr("PLANTED"))));
  }
}

TEST(CredentialProcess, EndsWithTheCallThatItRunsFor) {
  std::stop_source stop;
  const Bench bench(
      World{.commands = {{{"sh", "-c", "x"}, {}}}, .while_one_runs = [&] { stop.request_stop(); }});
  EXPECT_THAT(fetch_process_keys("x", bench.services(), bench.context(stop.get_token())),
              HasCode(ErrorCode::cancelled));
}

TEST(CredentialProcess, SaysThatTheProgramCannotBeRun) {
  const Bench bench;
  EXPECT_THAT(fetch_process_keys("x", bench.services(), bench.context()),
              FailsWith(HasSubstr("cannot run")));
}

}  // namespace
}  // namespace ek::test

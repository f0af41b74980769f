#include "base/subprocess.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "support/matchers.hpp"

namespace ek {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(RunCommand, GivesBothOutputsAndTheExitCode) {
  const auto output = run_command({"sh", "-c", "echo out; echo err >&2; exit 3"}, 10s);
  ASSERT_THAT(output, test::IsOk());
  EXPECT_EQ(output->standard_output, "out\n");
  EXPECT_EQ(output->standard_error, "err\n");
  EXPECT_EQ(output->exit_code, 3);
}

TEST(RunCommand, PassesArgumentsWithoutAShell) {
  const auto output = run_command({"printf", "%s", "a b; $HOME 'c'"}, 10s);
  ASSERT_THAT(output, test::IsOk());
  EXPECT_EQ(output->standard_output, "a b; $HOME 'c'");
}

TEST(RunCommand, HasAnEmptyStandardInput) {
  const auto output = run_command({"cat"}, 10s);
  ASSERT_THAT(output, test::IsOk());
  EXPECT_EQ(output->standard_output, "");
}

TEST(RunCommand, KillsWhatDoesNotEndAndItsChildren) {
  const auto output = run_command({"sh", "-c", "sleep 600 & sleep 600"}, 50ms);
  ASSERT_FALSE(output);
  EXPECT_THAT(output.error().message, HasSubstr("within 50 ms"));
}

TEST(RunCommand, EndsTheProgramWhenItIsStopped) {
  std::stop_source stop;
  const std::jthread other([&] { stop.request_stop(); });
  const auto output = run_command({"sh", "-c", "sleep 600 & sleep 600"}, 1h, stop.get_token());
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, ErrorCode::cancelled);
  EXPECT_EQ(run_command({"sleep", "600"}, 1h, stop.get_token()).error().code, ErrorCode::cancelled)
      << "also before it began";
}

TEST(RunCommand, NamesAProgramThatIsNotThere) {
  const auto output = run_command({"no-such-program-here"}, 10s);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().phase, Phase::credentials);
  EXPECT_THAT(output.error().message, HasSubstr("no-such-program-here"));
  EXPECT_FALSE(run_command({}, 1s));
}

TEST(RunCommand, BoundsTheOutput) {
  const auto output = run_command({"sh", "-c", "head -c 3000000 /dev/zero"}, 10s);
  ASSERT_THAT(output, test::IsOk());
  EXPECT_EQ(output->standard_output.size(), std::size_t{1} << 20);
}

}  // namespace
}  // namespace ek

#include "tools/cli/chat.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "support/test_path.hpp"
#include "tools/cli/invoke.hpp"
#include "tools/cli/scoped_variables.hpp"
#include "tools/emulator/emulator.hpp"

namespace ek::cli {
namespace {

using testing::HasSubstr;

class Commands : public testing::Test {
 protected:
  void SetUp() override {
    auto started = emulator::Emulator::start({.google_key_file = test::test_path("key.json")});
    ASSERT_TRUE(started) << describe(started.error());
    emulator_ = *std::move(started);
    variables_.set(emulator_->environment());
    variables_.set("AWS_SESSION_TOKEN", "");
  }
  std::unique_ptr<emulator::Emulator> emulator_;
  test::ScopedVariables variables_;
  std::istringstream in_;
  std::ostringstream out_, err_;
};

TEST_F(Commands, ChatPrintsTheAnswerAndNothingElse) {
  EXPECT_EQ(chat_once({.uri = "sagemaker://us-east-1/chat", .message = "Tell me about bridges."},
                      out_, err_),
            success);
  EXPECT_THAT(out_.str(), testing::AllOf(HasSubstr("bridges"), testing::EndsWith("\n")));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(Commands, ChatTellsItsStatsOnTheErrorStream) {
  chat_once({.uri = "vertex://emulated-project/us-central1/publishers/google/models/g",
             .message = "Hi",
             .stats = true},
            out_, err_);
  EXPECT_THAT(err_.str(), testing::AllOf(HasSubstr("out tokens"), HasSubstr("first token"),
                                         HasSubstr("signed by Google service account")));
}

TEST_F(Commands, ChatPrintsEventsAsJsonLines) {
  EXPECT_EQ(
      chat_once({.uri = "sagemaker://us-east-1/chat", .message = "Hi", .json = true}, out_, err_),
      success);
  std::istringstream lines(out_.str());
  std::string line, last;
  while (std::getline(lines, line)) {
    EXPECT_FALSE(nlohmann::json::parse(line, nullptr, false).is_discarded()) << line;
    last = line;
  }
  EXPECT_EQ(nlohmann::json::parse(last)["type"], "finished");
}

TEST_F(Commands, ChatTellsAnUnknownEndpointAndAnUnknownScheme) {
  EXPECT_EQ(chat_once({.uri = "sagemaker://us-east-1/missing", .message = "Hi"}, out_, err_),
            provider_error);
  EXPECT_THAT(err_.str(), HasSubstr("not found"));
  EXPECT_EQ(chat_once({.uri = "gopher://x/y", .message = "Hi"}, out_, err_), user_error);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(Commands, ChatSendsNoEmptyMessage) {
  for (const char* nothing : {"", " \n"}) {
    EXPECT_EQ(chat_once({.uri = "sagemaker://us-east-1/chat", .message = nothing}, out_, err_),
              user_error);
    EXPECT_THAT(err_.str(), HasSubstr("nothing to say"));
  }
  EXPECT_THAT(emulator_->stats_json(), testing::Not(HasSubstr("sagemaker/chat")));
}

TEST_F(Commands, ChatAsksForNoMoreThanItCanWrite) {
  out_.setstate(std::ios::badbit);
  chat_once({.uri = "sagemaker://us-east-1/chat", .message = "Hi"}, out_, err_);
  EXPECT_THAT(emulator_->stats_json(), testing::Not(HasSubstr("sagemaker/chat")));
}

TEST_F(Commands, InvokeSendsAFileAndPrintsTheAnswer) {
  in_.str(R"({"input_data":[[1,2,3]]})");
  EXPECT_EQ(invoke_command(
                {.uri = "azureml://emulator.westeurope.inference.ml.azure.com/score", .body = "@-"},
                in_, out_, err_),
            success)
      << err_.str();
  EXPECT_FALSE(nlohmann::json::parse(out_.str(), nullptr, false).is_discarded()) << out_.str();
}

TEST_F(Commands, InvokeStreams) {
  EXPECT_EQ(invoke_command({.uri = "sagemaker://us-east-1/tgi",
                            .body = R"({"inputs":"x","stream":true})",
                            .stream = true},
                           in_, out_, err_),
            success);
  EXPECT_THAT(out_.str(), testing::StartsWith("data:"));
}

TEST_F(Commands, InvokeRefusesAMissingFileAndABadHeader) {
  EXPECT_EQ(
      invoke_command({.uri = "sagemaker://us-east-1/x", .body = "@/no/such/file"}, in_, out_, err_),
      user_error);
  EXPECT_THAT(err_.str(), HasSubstr("/no/such/file"));
  EXPECT_EQ(invoke_command({.uri = "sagemaker://us-east-1/x", .body = "x", .headers = {"nonsense"}},
                           in_, out_, err_),
            user_error);
}

}  // namespace
}  // namespace ek::cli

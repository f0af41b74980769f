// The library against the emulator: real sockets, real signatures, real framings, on each cloud.
#include <gmock/gmock.h>

#include <fstream>

#include "endpointkit/endpoint.hpp"
#include "endpointkit/ext/environment.hpp"
#include "support/test_path.hpp"
#include "tools/emulator/emulator.hpp"

namespace ek {
namespace {

using namespace std::chrono_literals;
using emulator::Emulator;
using testing::HasSubstr;

class EndToEnd : public testing::TestWithParam<std::string> {
 protected:
  void start(emulator::Options options = {}) {
    options.google_key_file = test::test_path("key.json");
    auto started = Emulator::start(std::move(options));
    ASSERT_TRUE(started) << describe(started.error());
    emulator_ = *std::move(started);
    variables_ = emulator_->environment();
  }
  // A client that finds the emulator by its variables, as an application would.
  [[nodiscard]] Client client(ClientOptions options = {}) const {
    Environment environment = system_environment();
    environment.variable = [variables =
                                variables_](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
    options.environment = std::make_shared<const Environment>(std::move(environment));
    return Client(std::move(options));
  }
  [[nodiscard]] std::string uri() const {
    return variables_.at("ENDPOINTKIT_" + GetParam() + "_URI");
  }
  [[nodiscard]] Endpoint open() const { return client().open(uri()).value(); }

  std::unique_ptr<Emulator> emulator_;
  std::map<std::string, std::string> variables_;
};

const ChatRequest question{.messages = {system("Be brief."), user("Tell me about bridges.")},
                           .seed = 7};

TEST_P(EndToEnd, GoesWhereItsClientRoutesIt) {
  start();
  const int port = emulator_->port();
  const std::string written = ":" + std::to_string(port);
  for (auto& [name, value] : variables_) {
    if (const auto at = value.find(written); at != std::string::npos)
      value.replace(at, written.size(), ":9");
  }
  const Client routed =
      client({.network = {.routes = {{.port = 9, .to = "127.0.0.1", .to_port = port}}}});
  const auto reply = routed.open(uri()).value().chat(question);
  ASSERT_TRUE(reply) << describe(reply.error());
  EXPECT_THAT(reply->text(), HasSubstr("bridges"));
}

TEST_P(EndToEnd, StreamsTheAnswerThatAWholeReplyGives) {
  start();
  const Endpoint endpoint = open();
  auto stream = endpoint.chat_stream(question);
  ASSERT_TRUE(stream);
  std::string text;
  bool finished = false;
  while (auto event = stream->next()) {
    ASSERT_TRUE(*event) << describe(event->error());
    text += (*event)->text();
    if (const auto* end = (*event)->get_if<Finished>()) {
      finished = true;
      EXPECT_EQ(end->reason, FinishReason::stop);
      EXPECT_GT(end->usage.output_tokens.value_or(0), 0);
    }
  }
  EXPECT_TRUE(finished);
  EXPECT_THAT(text, HasSubstr("bridges"));
  const auto whole = endpoint.chat(question);
  ASSERT_TRUE(whole) << describe(whole.error());
  EXPECT_EQ(whole->text(), text);
  EXPECT_EQ(stream->reply().text(), text);
}

TEST_P(EndToEnd, ReadsToolCalls) {
  start();
  ChatRequest request = question;
  request.messages = {user("What is the weather in Paris? Use the tool.")};
  request.tools = {
      {.name = "get_weather",
       .description = "Weather of a city",
       .parameters = {
           R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"]})"}}};
  const Endpoint endpoint = open();
  auto stream = endpoint.chat_stream(request);
  while (auto event = stream->next()) ASSERT_TRUE(*event) << describe(event->error());
  EXPECT_EQ(stream->reply().finish_reason, FinishReason::tool_calls);
  const auto calls = stream->reply().tool_calls();
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].name, "get_weather");
  EXPECT_THAT(calls[0].arguments.text, HasSubstr("city"));

  request.messages.push_back(stream->reply().message);
  request.messages.push_back(tool_result(calls[0], R"({"sky":"blue"})"));
  const auto reply = endpoint.chat(request);
  EXPECT_TRUE(reply) << describe(reply.error());
}

TEST_P(EndToEnd, StopsAtTheTokenLimit) {
  start();
  ChatRequest request = question;
  request.max_tokens = 5;
  const auto reply = open().chat(request);
  ASSERT_TRUE(reply) << describe(reply.error());
  EXPECT_EQ(reply->finish_reason, FinishReason::length);
}

TEST_P(EndToEnd, ExplainsARefusedProofAndSendsItOnce) {
  start();
  variables_["AWS_SECRET_ACCESS_KEY"] = "wrong-planted-secret";
  variables_["AZURE_CLIENT_SECRET"] = "wrong-planted-secret";
  if (GetParam() == "VERTEX") {
    // Another emulator's key is well-formed and unknown to this one.
    const std::string other_file = test::test_path("other.json");
    auto other = Emulator::start({.google_key_file = other_file});
    ASSERT_TRUE(other);
    std::string key = (*other)->google_key_json().reveal();
    const std::string from = (*other)->base_url(), to = emulator_->base_url();
    for (auto at = key.find(from); at != std::string::npos; at = key.find(from))
      key.replace(at, from.size(), to);
    std::ofstream(other_file) << key;
    variables_["GOOGLE_APPLICATION_CREDENTIALS"] = other_file;
  }
  const auto reply = open().chat(question);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::authentication);
  EXPECT_THAT(describe(reply.error()), testing::Not(HasSubstr("planted")));
  EXPECT_EQ(reply.error().attempts, 1);
}

TEST_P(EndToEnd, SaysTruncatedWhenThePlugIsPulled) {
  start({.tokens_per_second = 20});
  const Endpoint endpoint = client({.retry = {.max_attempts = 1}}).open(uri()).value();
  auto stream = endpoint.chat_stream(question);
  while (auto event = stream->next()) {
    ASSERT_TRUE(*event) << describe(event->error());
    if (!(*event)->text().empty()) break;
  }
  emulator_->stop();
  std::optional<Error> error;
  while (auto event = stream->next()) {
    if (!*event) error = event->error();
  }
  ASSERT_TRUE(error) << "a cut answer must not look finished";
  EXPECT_EQ(error->code, ErrorCode::truncated);
  EXPECT_TRUE(error->output_delivered);
}

TEST_P(EndToEnd, CancelsInTheMiddleAndGoesOnWithTheNextCall) {
  start({.tokens_per_second = 20});
  const Endpoint endpoint = open();
  auto stream = endpoint.chat_stream(question);
  ASSERT_TRUE(stream->next());
  stream->cancel();
  std::optional<Error> error;
  while (auto event = stream->next()) {
    if (!*event) error = event->error();
  }
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::cancelled);
  ChatRequest request = question;
  request.max_tokens = 2;
  EXPECT_TRUE(endpoint.chat(request));
}

TEST_P(EndToEnd, TellsWhichCredentialsAreMissing) {
  start();
  const std::string at = uri();
  variables_["NO_GCE_CHECK"] = "true";
  variables_["AWS_EC2_METADATA_DISABLED"] = "true";
  variables_["AZURE_TOKEN_CREDENTIALS"] = "EnvironmentCredential";
  std::erase_if(variables_, [](const auto& item) {
    return item.first.starts_with("AWS_ACCESS") || item.first.starts_with("AWS_SECRET") ||
           item.first.starts_with("GOOGLE_APPLICATION") || item.first.starts_with("AZURE_CLIENT");
  });
  const auto reply = client().open(at).value().chat(question);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::authentication);
  EXPECT_EQ(reply.error().phase, Phase::credentials);
  const std::map<std::string, std::string> names = {{"SAGEMAKER", "AWS_ACCESS_KEY_ID"},
                                                    {"VERTEX", "GOOGLE_APPLICATION_CREDENTIALS"},
                                                    {"AZUREML", "AZURE_CLIENT_SECRET"}};
  EXPECT_THAT(reply.error().message, HasSubstr(names.at(GetParam())));
}

TEST_P(EndToEnd, SaysThatNobodyListens) {
  start();
  const Endpoint endpoint = client({.retry = {.max_attempts = 1}}).open(uri()).value();
  emulator_->stop();
  const auto reply = endpoint.chat(question);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::transport);
  const bool fetches_a_token = std::string_view(GetParam()) != "SAGEMAKER";
  EXPECT_EQ(reply.error().phase, fetches_a_token ? Phase::credentials : Phase::connect);
}

INSTANTIATE_TEST_SUITE_P(Clouds, EndToEnd, testing::Values("SAGEMAKER", "VERTEX", "AZUREML"),
                         [](const auto& instance) { return instance.param; });

class InvokeEndToEnd : public EndToEnd {};

TEST_F(InvokeEndToEnd, TakesTheEnvelopeOffAStreamedInvocation) {
  start();
  const Endpoint endpoint = client().open("sagemaker://us-east-1/tgi").value();
  auto stream = endpoint.invoke_stream({.body = R"({"inputs":"bridges","stream":true})"});
  std::string bytes;
  while (auto piece = stream->next()) {
    ASSERT_TRUE(*piece) << describe(piece->error());
    bytes += **piece;
  }
  EXPECT_THAT(bytes, testing::AllOf(testing::StartsWith("data:"), HasSubstr("\"token\"")));
}

TEST_F(InvokeEndToEnd, SendsRowsToAScoringRoute) {
  start();
  const Endpoint endpoint =
      client().open("azureml://emulator.westeurope.inference.ml.azure.com/score").value();
  const auto reply = endpoint.invoke(
      {.body = R"({"input_data":{"columns":["a","b"],"index":[0],"data":[[1,2]]}})"});
  ASSERT_TRUE(reply) << describe(reply.error());
  EXPECT_EQ(reply->content_type.substr(0, 16), "application/json");
  EXPECT_FALSE(reply->request_id.empty());
}

TEST_F(InvokeEndToEnd, PredictsOnVertex) {
  start();
  const Endpoint endpoint =
      client().open("vertex://emulated-project/us-central1/123?method=predict").value();
  const auto reply = endpoint.invoke({.body = R"({"instances":[[1,2],[3,4]]})"});
  ASSERT_TRUE(reply) << describe(reply.error());
  EXPECT_THAT(reply->body, HasSubstr("predictions"));
}

}  // namespace
}  // namespace ek

#include <gmock/gmock.h>

#include "endpoint/endpoint_state.hpp"
#include "endpointkit/azure_ml.hpp"
#include "endpointkit/endpoint.hpp"
#include "endpointkit/ext/environment.hpp"
#include "endpointkit/sagemaker.hpp"
#include "endpointkit/vertex.hpp"
#include "support/fake_transport.hpp"
#include "support/test_environment.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;

class OpenTest : public testing::Test {
 protected:
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::shared_ptr<FakeTransport> transport_ = std::make_shared<FakeTransport>(clock_);
  Client client_{{.transport = transport_, .environment = make_environment(clock_)}};
  Credentials keys_ = Credentials::aws_keys("AKIDEXAMPLE", Secret("secret"));
};

TEST_F(OpenTest, FindsTheCloudByScheme) {
  const auto endpoint = client_.open("SageMaker://eu-west-1/ep", keys_);
  ASSERT_TRUE(endpoint) << describe(endpoint.error());
  EXPECT_EQ(endpoint->uri(), "sagemaker://eu-west-1/ep");
}

TEST_F(OpenTest, TouchesNoNetwork) {
  ASSERT_TRUE(client_.open("sagemaker://eu-west-1/ep"));
  ASSERT_TRUE(client_.open("vertex://p/us/1"));
  ASSERT_TRUE(client_.open("azureml://e.westeurope.inference.ml.azure.com/score"));
  EXPECT_EQ(transport_->request_count(), 0U);
}

TEST_F(OpenTest, ListsTheSchemesItKnows) {
  const auto endpoint = client_.open("s3://bucket/key", keys_);
  ASSERT_FALSE(endpoint);
  EXPECT_THAT(endpoint.error().message, HasSubstr("azureml://, sagemaker://, vertex://"));
}

TEST_F(OpenTest, ListsTheDialectsItKnows) {
  const auto endpoint = client_.open("sagemaker://eu-west-1/ep?dialect=klingon", keys_);
  ASSERT_FALSE(endpoint);
  EXPECT_THAT(endpoint.error().message, testing::AllOf(HasSubstr("klingon"), HasSubstr("openai")));
}

TEST_F(OpenTest, RefusesCredentialsOfAnotherCloudWithASentence) {
  const auto endpoint = client_.open("vertex://p/us/1", keys_);
  ASSERT_FALSE(endpoint);
  EXPECT_EQ(endpoint.error().code, ErrorCode::invalid_request);
  EXPECT_THAT(endpoint.error().message, HasSubstr("Vertex AI"));
  EXPECT_FALSE(client_.open("sagemaker://eu-west-1/ep", Credentials::bearer(Secret("key"))));
}

TEST_F(OpenTest, LetsOptionsWinOverTheQuery) {
  const auto endpoint =
      client_.open("sagemaker://eu-west-1/ep?dialect=klingon", keys_, {{"dialect", "tgi"}});
  EXPECT_TRUE(endpoint);
}

TEST_F(OpenTest, RefusesAnOptionThatTheUriHasTwice) {
  const auto endpoint = client_.open("sagemaker://eu-west-1/ep?dialect=tgi&dialect=openai", keys_,
                                     {{"dialect", "raw"}});
  ASSERT_FALSE(endpoint);
  EXPECT_EQ(endpoint.error().code, ErrorCode::invalid_request);
  EXPECT_THAT(endpoint.error().message, HasSubstr("the option dialect twice"));
}

TEST_F(OpenTest, TakesLimitsOnEveryCloud) {
  const EndpointOptions limits = {
      {"max_in_flight", "4"}, {"requests_per_minute", "60.5"}, {"tokens_per_minute", "1e5"}};
  for (const char* uri : {"sagemaker://eu-west-1/x?max_in_flight=9", "azureml://host/score"}) {
    const auto endpoint = client_.open(uri, Credentials::from_environment(), limits);
    ASSERT_TRUE(endpoint) << describe(endpoint.error());
    EXPECT_NE(endpoint->state()->limiter, nullptr);
  }
  const auto wrong = client_.open("sagemaker://eu-west-1/x?requests_per_minute=many");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("requests_per_minute wants a number"));
}

TEST_F(OpenTest, TakesTimersAndRetriesOnEveryCloud) {
  for (const char* uri : {"sagemaker://eu-west-1/x?timeout.idle_ms=9&cancel.mode=drain",
                          "azureml://host/score?timeout.idle_ms=9&cancel.mode=drain",
                          "vertex://p/us/1?timeout.idle_ms=9&cancel.mode=drain"}) {
    const auto endpoint = client_.open(uri, Credentials::from_environment(),
                                       {{"timeout.idle_ms", "70"}, {"retry.max_attempts", "1"}});
    ASSERT_TRUE(endpoint) << describe(endpoint.error());
    const CallDefaults wanted{.timeouts = {.idle = std::chrono::milliseconds(70)},
                              .retry = {.max_attempts = 1},
                              .on_cancel = CancelMode::drain};
    EXPECT_EQ(endpoint->defaults(), wanted) << uri;
  }
  const auto wrong = client_.open("sagemaker://eu-west-1/x?timeout.idle=9");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("timeout.idle_ms"));
}

TEST_F(OpenTest, TakesRetriesOfTheAwsEnvironmentWhereTheClientSaysNothing) {
  const std::map<std::string, std::string> variables = {{"AWS_RETRY_MODE", "adaptive"},
                                                        {"AWS_MAX_ATTEMPTS", "7"}};
  const auto environment = make_environment(clock_, {.variables = variables});
  const auto retry_of = [&](const RetryPolicy& given, const char* uri) {
    const Client client({.retry = given, .transport = transport_, .environment = environment});
    return client.open(uri).value().defaults().retry;
  };
  const char* ours = "sagemaker://eu-west-1/x";
  EXPECT_EQ(retry_of({}, ours), (RetryPolicy{.max_attempts = 7, .mode = RetryMode::adaptive}));
  EXPECT_EQ(retry_of({.max_attempts = 2}, ours), RetryPolicy{.max_attempts = 2});
  EXPECT_EQ(retry_of({}, "sagemaker://eu-west-1/x?retry.max_attempts=1"),
            (RetryPolicy{.max_attempts = 1, .mode = RetryMode::adaptive}));
  EXPECT_EQ(retry_of({}, "vertex://p/us/1"), RetryPolicy{}) << "another cloud's";
}

TEST_F(OpenTest, RefusesNetworkOptionsThatMakeNoSense) {
  const Client client({.network = {.proxy = "http://user:hunter2@proxy"}, .transport = transport_});
  const auto endpoint = client.open("sagemaker://eu-west-1/ep", keys_);
  ASSERT_FALSE(endpoint);
  EXPECT_EQ(endpoint.error().code, ErrorCode::invalid_request);
  EXPECT_THAT(endpoint.error().message, HasSubstr("proxy_password"));
  EXPECT_THAT(endpoint.error().message, testing::Not(HasSubstr("hunter2")));
}

TEST_F(OpenTest, RefusesAUserAgentThatWouldBreakTheHeader) {
  const Client client({.user_agent_suffix = "us\r\nx-other: 1", .transport = transport_});
  const auto endpoint = client.open("sagemaker://eu-west-1/ep", keys_);
  ASSERT_FALSE(endpoint);
  EXPECT_EQ(endpoint.error().code, ErrorCode::invalid_request);
  EXPECT_THAT(endpoint.error().message, HasSubstr("user_agent_suffix"));
}

TEST_F(OpenTest, BringsTheTokenToADedicatedVertexHost) {
  const std::string host = "https://123.us-central1-456.prediction.vertexai.goog";
  const auto account = Credentials::google_from_json(
      {R"({"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"})"},
      GoogleFileType::authorized_user);
  const auto endpoint =
      client_.open("vertex://p/us-central1/123", account.value(), {{"base_url", host}});
  ASSERT_TRUE(endpoint) << describe(endpoint.error());
  transport_->reply({.body = {R"({"access_token":"t","expires_in":3600})"}});
  transport_->reply({.body = {R"({"choices":[{"message":{"content":"Hi"}}]})"}});
  ASSERT_TRUE(endpoint->chat({.messages = {user("Hello!")}}));
  const HttpRequest sent = transport_->requests().at(1);
  EXPECT_EQ(sent.url, host + "/v1/projects/p/locations/us-central1/endpoints/123/chat/completions");
  EXPECT_EQ(HttpHead{.headers = sent.headers}.header("authorization"), "Bearer t");
}

TEST_F(OpenTest, TellsTheErrorOfABodyThatIsNoEventStreamAfterAll) {
  const std::vector<Header> headers = {{"content-type", "application/vnd.amazon.eventstream"},
                                       {"x-amzn-sagemaker-content-type", "text/event-stream"}};
  const auto endpoint =
      client_.open("sagemaker://eu-west-1/ep", keys_, {{"retry.max_attempts", "1"}});
  ASSERT_TRUE(endpoint);
  for (const int status : {200, 400, 424, 500, 503}) {
    const ScriptedReply reply{
        .status = status, .headers = headers, .body = {R"({"message":"no )", R"(such model"})"}};
    transport_->reply(reply);
    auto chat = endpoint->chat_stream({.messages = {user("Hello!")}}).value();
    const auto event = chat.next();
    ASSERT_TRUE(event && !*event) << status;
    transport_->reply(reply);
    auto bytes = endpoint->invoke_stream({.body = "x"}).value();
    const auto piece = bytes.next();
    ASSERT_TRUE(piece && !*piece) << status;
    for (const Error& error : {event->error(), piece->error()}) {
      EXPECT_EQ(error.http_status, status);
      EXPECT_THAT(error.message, HasSubstr("no such model")) << status;
      EXPECT_THAT(error.message, testing::Not(HasSubstr("checksum"))) << status;
    }
  }
}

TEST_F(OpenTest, OpensTypedConfigsAsWell) {
  EXPECT_TRUE(sagemaker::open(client_, {.region = "eu-west-1", .endpoint = "ep"}, keys_));
  EXPECT_TRUE(vertex::open(client_, {.project = "p", .location = "us", .resource = "1"}));
  EXPECT_TRUE(azure_ml::open(client_, {.host = "e.westeurope.inference.ml.azure.com"},
                             Credentials::bearer(Secret("k"))));
  EXPECT_FALSE(sagemaker::open(client_, {.region = "", .endpoint = "ep"}, keys_));
}

}  // namespace
}  // namespace ek::test

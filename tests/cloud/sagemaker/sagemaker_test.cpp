#include <gmock/gmock.h>

#include <array>

#include "cloud/cloud_fixture.hpp"
#include "cloud/sagemaker/entry.hpp"
#include "wire/event_stream_message.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;

std::unique_ptr<Cloud> opened(const std::string& uri, World world = {}) {
  auto cloud = open_cloud(sagemaker::open_uri, uri, std::move(world));
  EXPECT_TRUE(cloud) << describe(cloud.error());
  return cloud ? *std::move(cloud) : nullptr;
}

TEST(SageMakerAddress, FollowsThePartitionOfTheRegion) {
  const std::pair<const char*, const char*> table[] = {
      {"us-east-1", "https://runtime.sagemaker.us-east-1.amazonaws.com"},
      {"cn-north-1", "https://runtime.sagemaker.cn-north-1.amazonaws.com.cn"},
      {"us-gov-west-1", "https://runtime.sagemaker.us-gov-west-1.amazonaws.com"},
      {"eusc-de-east-1", "https://runtime.sagemaker.eusc-de-east-1.amazonaws.eu"},
      {"us-isob-east-1", "https://runtime.sagemaker.us-isob-east-1.sc2s.sgov.gov"},
  };
  for (const auto& [region, host] : table) {
    const auto cloud = opened(std::string("sagemaker://") + region + "/my-ep");
    EXPECT_EQ(cloud->address({.body = "{}"}).url,
              std::string(host) + "/endpoints/my-ep/invocations")
        << region;
    EXPECT_EQ(cloud->scope().aws_region, region);
  }
}

TEST(SageMakerAddress, CarriesTheOptionsInBothOperations) {
  const auto cloud = opened(
      "sagemaker://eu-west-1/"
      "ep?inference_component=ic-1&target_variant=blue&target_model=a.tar.gz");
  const HttpRequest unary =
      cloud->address({.body = "x", .content_type = "text/csv", .accept = "application/json"});
  EXPECT_EQ(header_of(unary, "content-type"), "text/csv");
  EXPECT_EQ(header_of(unary, "accept"), "application/json");
  EXPECT_EQ(header_of(unary, "x-amzn-sagemaker-inference-component"), "ic-1");
  EXPECT_EQ(header_of(unary, "x-amzn-sagemaker-target-model"), "a.tar.gz");

  const HttpRequest streamed =
      cloud->address({.stream = true, .body = "x", .accept = "application/json"});
  EXPECT_THAT(streamed.url, testing::EndsWith("/endpoints/ep/invocations-response-stream"));
  EXPECT_EQ(header_of(streamed, "accept"), "");
  EXPECT_EQ(header_of(streamed, "x-amzn-sagemaker-accept"), "application/json");
  EXPECT_EQ(header_of(streamed, "x-amzn-sagemaker-inference-component"), "ic-1");
  EXPECT_EQ(header_of(streamed, "x-amzn-sagemaker-target-variant"), "blue");
  EXPECT_EQ(header_of(streamed, "x-amzn-sagemaker-target-model"), "")
      << "the streamed operation has no such header";
}

TEST(SageMakerAddress, TakesTheEndpointUrlFromTheSdksVariables) {
  const std::string uri = "sagemaker://eu-west-1/ep";
  const World both{
      .variables = {{"AWS_ENDPOINT_URL", "http://127.0.0.1:1/"},
                    {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "http://127.0.0.1:2/base/"}}};
  EXPECT_EQ(opened(uri, both)->address({}).url, "http://127.0.0.1:2/base/endpoints/ep/invocations");
  World ignored = both;
  ignored.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_THAT(opened(uri, ignored)->address({}).url, HasSubstr("amazonaws.com"));
  EXPECT_EQ(opened(uri + "?base_url=https://vpce.example", both)->address({}).url,
            "https://vpce.example/endpoints/ep/invocations");
}

TEST(SageMakerAddress, TakesFipsAndDualStackFromOptionsAndVariables) {
  const std::string uri = "sagemaker://us-east-1/ep";
  const World fips{.variables = {{"AWS_USE_FIPS_ENDPOINT", "true"}}};
  EXPECT_THAT(opened(uri, fips)->address({}).url, HasSubstr("//runtime-fips.sagemaker.us-east-1."));
  EXPECT_THAT(opened(uri + "?use_fips=true&use_dualstack=true")->address({}).url,
              HasSubstr("//runtime.sagemaker-fips.us-east-1.api.aws/"));
  EXPECT_THAT(opened(uri + "?use_fips=false", fips)->address({}).url,
              HasSubstr("//runtime.sagemaker.us-east-1."));
}

TEST(SageMakerOpenAiRoute, PutsEverythingIntoThePath) {
  const auto cloud = opened("sagemaker://eu-west-1/ep?route=openai");
  const HttpRequest streamed = cloud->address({.stream = true, .body = "{}"});
  EXPECT_EQ(streamed.url,
            "https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/ep/openai/v1/chat/"
            "completions");
  EXPECT_EQ(header_of(streamed, "content-type"), "application/json");
  const auto component =
      opened("sagemaker://eu-west-1/ep?route=openai&inference_component=my%20ic");
  const HttpRequest request = component->address({.body = "{}"});
  EXPECT_THAT(request.url, testing::EndsWith("/endpoints/ep/inference-components/my%20ic/openai/v1/"
                                             "chat/completions"));
  EXPECT_EQ(header_of(request, "x-amzn-sagemaker-inference-component"), "");
}

TEST(SageMakerOpenAiRoute, WantsABearerTokenAndStreamsPlainSse) {
  const auto cloud = opened("sagemaker://eu-west-1/ep?route=openai");
  EXPECT_TRUE(cloud->scope().aws_bearer);
  EXPECT_TRUE(cloud->scope().accepts_key);
  EXPECT_FALSE(opened("sagemaker://eu-west-1/ep")->scope().aws_bearer);
  EXPECT_EQ(cloud->unwrap(head(200, {{"Content-Type", "text/event-stream"}})), nullptr);
  EXPECT_EQ(cloud->content_type(head(200, {{"Content-Type", "text/event-stream"}})),
            "text/event-stream");
}

TEST(SageMakerOpenAiRoute, ComplainsAsOpenAiDoesBehindTheFrontDoor) {
  const auto cloud = opened("sagemaker://eu-west-1/ep?route=openai");
  const Error error = cloud->explain(
      head(400), R"({"error":{"message":"max_tokens is too large","type":"invalid_request_error",)"
                 R"("code":"validation_error"}})");
  EXPECT_EQ(error.code, ErrorCode::invalid_request);
  EXPECT_THAT(error.message, HasSubstr("max_tokens is too large"));
  const Error denied = cloud->explain(head(403, {{"x-amzn-errortype", "AccessDeniedException"}}),
                                      R"({"Message":"not authorized"})");
  EXPECT_EQ(denied.code, ErrorCode::permission);
}

TEST(SageMakerAddress, RefusesWhatCannotBeAnAddress) {
  const std::pair<const char*, const char*> table[] = {
      {"sagemaker://eu-west-1", "endpoint name"},
      {"sagemaker://eu-west-1/a/b", "endpoint name"},
      {"sagemaker://eu-west-1/-x", "endpoint name"},
      {"sagemaker://evil.example/ep", "no AWS region"},
      {"sagemaker://eu-west-1:80/ep", "base_url"},
      {"sagemaker://eu-west-1/ep?dialekt=tgi", "no option \"dialekt\""},
      {"sagemaker://eu-west-1/ep?base_url=ftp://x", "https://"},
      {"sagemaker://eu-west-1/ep?base_url=http://x&use_fips=true", "FIPS"},
      {"sagemaker://eu-west-1/ep?use_fips=yes", "use_fips"},
      {"sagemaker://eu-west-1/ep?route=chat", "route"},
      {"sagemaker://eu-west-1/ep?route=openai&dialect=tgi", "tgi"},
      {"sagemaker://eu-west-1/ep?route=openai&target_model=m", "target_model"},
  };
  for (const auto& [uri, part] : table) {
    const auto cloud = open_cloud(sagemaker::open_uri, uri);
    ASSERT_FALSE(cloud) << uri;
    EXPECT_EQ(cloud.error().code, ErrorCode::invalid_request) << uri;
    EXPECT_THAT(cloud.error().message, HasSubstr(part)) << uri;
  }
}

TEST(SageMakerAttempt, CountsAsTheSdksDo) {
  const auto headers =
      opened("sagemaker://eu-west-1/ep")->attempt_headers({.call_id = "id", .number = 2, .max = 3});
  ASSERT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers[0], (Header{"amz-sdk-invocation-id", "id"}));
  EXPECT_EQ(headers[1], (Header{"amz-sdk-request", "attempt=2; max=3"}));
}

TEST(SageMakerUnwrap, TakesOnlyEventStreamsApart) {
  const auto cloud = opened("sagemaker://eu-west-1/ep");
  EXPECT_EQ(cloud->unwrap(head(200, {{"Content-Type", "application/json"}})), nullptr);
  EXPECT_NE(cloud->unwrap(head(200, {{"Content-Type", "application/vnd.amazon.eventstream"}})),
            nullptr);
  EXPECT_NE(cloud->unwrap(head(200, {{"Content-Type", "text/plain"},
                                     {"X-Amzn-SageMaker-Content-Type", "text/event-stream"}})),
            nullptr)
      << "a proxy may have renamed it";
}

TEST(SageMakerUnwrap, MakesAnErrorOfAnExceptionFrame) {
  struct Row {
    const char* type;
    ErrorCode code;
    bool retryable;
  };
  // The first two are those of the operation's model.
  const Row table[] = {{"ModelStreamError", ErrorCode::model_error, false},
                       {"InternalStreamFailure", ErrorCode::server_error, true},
                       {"internalServerException", ErrorCode::server_error, true},
                       {"modelStreamErrorException", ErrorCode::model_error, true},
                       {"modelTimeoutException", ErrorCode::timeout, true},
                       {"serviceUnavailableException", ErrorCode::unavailable, true},
                       {"ServiceUnavailable", ErrorCode::unavailable, true},
                       {"throttlingException", ErrorCode::rate_limit, true},
                       {"validationException", ErrorCode::invalid_request, false},
                       {"SomethingNew", ErrorCode::server_error, true}};
  const auto cloud = opened("sagemaker://eu-west-1/ep");
  for (const Row& row : table) {
    const auto decoder =
        cloud->unwrap(head(200, {{"Content-Type", "application/vnd.amazon.eventstream"}}));
    const std::array<wire::MessageHeader, 2> headers = {
        {{.name = ":message-type", .bytes = "exception"},
         {.name = ":exception-type", .bytes = row.type}}};
    decoder->append(
        wire::encode_message(headers, R"({"Message":"m","ErrorCode":"StreamBroken"})").value(),
        false);
    const auto frame = decoder->next();
    ASSERT_FALSE(frame) << row.type;
    EXPECT_EQ(frame.error().code, row.code) << row.type;
    EXPECT_EQ(frame.error().retryable, row.retryable) << row.type;
    EXPECT_EQ(frame.error().phase, Phase::stream) << row.type;
    EXPECT_EQ(frame.error().provider_code, row.type);
    EXPECT_EQ(frame.error().reason, "StreamBroken");
    EXPECT_EQ(frame.error().message, "m");
  }
}

TEST(SageMakerExplain, KeepsWhatTheContainerSaid) {
  const Error error = opened("sagemaker://eu-west-1/ep")
                          ->explain(head(424, {{"x-amzn-ErrorType", "ModelError"}}), R"~({
    "ErrorCode": "CLIENT_ERROR_FROM_MODEL", "OriginalStatusCode": 422, "OriginalMessage": "too long",
    "Message": "Received client error (422)", "LogStreamArn": "arn:aws:logs:x"})~");
  EXPECT_EQ(error.code, ErrorCode::model_error);
  EXPECT_EQ(error.original_status, 422);
  EXPECT_FALSE(error.retryable);
  EXPECT_THAT(error.message, testing::AllOf(HasSubstr("Received client error"),
                                            HasSubstr("too long"), HasSubstr("arn:aws:logs:x")));
}

TEST(SageMakerExplain, AdvisesOnAnUnknownEndpoint) {
  const Error error =
      opened("sagemaker://eu-west-1/ep")
          ->explain(head(400, {{"x-amzn-ErrorType", "ValidationError"}}),
                    R"({"Message":"Endpoint ep of account 111122223333 not found."})");
  EXPECT_EQ(error.provider_code, "ValidationError");
  EXPECT_THAT(error.message, testing::AllOf(HasSubstr("not found"), HasSubstr("eu-west-1")));
}

}  // namespace
}  // namespace ek::test

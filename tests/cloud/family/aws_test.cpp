#include "cloud/family/aws.hpp"

#include <gmock/gmock.h>

#include "cloud/cloud_fixture.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;

TEST(AwsError, FindsTheCodeInHeaderThenBody) {
  const std::string type = "ValidationException:http://internal.amazon.com/coral/";
  EXPECT_EQ(
      aws::explain(head(400, {{"X-Amzn-ErrorType", type}}), R"({"code":"Other"})").provider_code,
      "ValidationException");
  EXPECT_EQ(
      aws::explain(head(400), R"({"code":"ThrottlingException","__type":"a#Other"})").provider_code,
      "ThrottlingException");
  EXPECT_EQ(
      aws::explain(head(400), R"({"__type":"com.amazon.coral#ValidationException"})").provider_code,
      "ValidationException");
}

TEST(AwsError, ReadsTheMessageInEachSpelling) {
  for (const char* name : {"message", "Message", "errorMessage"}) {
    EXPECT_EQ(aws::explain(head(500), std::string("{\"") + name + R"(":"why"})").message, "why")
        << name;
  }
}

TEST(AwsError, SurvivesEveryKindOfBody) {
  for (const char* body : {"", "<html><title>502 Bad Gateway</title></html>", "[1]", "null",
                           "{\"message\":3}", "\xff\xfe"}) {
    const Error error = aws::explain(head(502), body);
    EXPECT_EQ(error.code, ErrorCode::server_error) << body;
    EXPECT_TRUE(error.retryable) << body;
    EXPECT_FALSE(error.message.empty()) << body;
  }
  EXPECT_EQ(aws::explain(head(502), "<html><title>502 Bad Gateway</title></html>").message,
            "502 Bad Gateway");
}

TEST(AwsError, KnowsScaleToZeroAndTheClock) {
  const Error zero =
      aws::explain(head(400, {{"x-amzn-errortype", "ValidationError"}}),
                   R"({"Message":"Inference Component has no capacity to process this request."})");
  EXPECT_EQ(zero.code, ErrorCode::unavailable);
  EXPECT_TRUE(zero.retryable);
  const Error skew =
      aws::explain(head(403, {{"x-amzn-errortype", "InvalidSignatureException"}}),
                   R"({"message":"Signature expired: 20240102T020405Z is now earlier than …"})");
  EXPECT_EQ(skew.code, ErrorCode::authentication);
  EXPECT_THAT(skew.message, HasSubstr("clock"));
}

TEST(AwsError, SpellsExceptionTypesOfStreamsAsTheyCome) {
  const Error error = aws::explain_exception("throttlingException", R"({"message":"slow down"})");
  EXPECT_EQ(error.code, ErrorCode::rate_limit);
  EXPECT_TRUE(error.retryable);
  EXPECT_EQ(error.provider_code, "throttlingException");
  EXPECT_EQ(error.phase, Phase::stream);
}

TEST(AwsExplainException, LetsOthersSpeakWhereNoTypeIsNamed) {
  const Error error = aws::explain_exception(
      "", R"({"error":{"message":"the GPU fell off the bus","type":"server_error","code":503}})");
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_EQ(error.phase, Phase::stream);
  EXPECT_EQ(error.http_status, 200);
  EXPECT_EQ(error.message, "the GPU fell off the bus");
}

TEST(AwsRegion, ComesFromEitherVariable) {
  const auto clock = std::make_shared<ManualClock>();
  EXPECT_EQ(
      aws::region_from_env(*make_environment(clock, {.variables = {{"AWS_DEFAULT_REGION", "a"}}})),
      "a");
  EXPECT_EQ(aws::region_from_env(*make_environment(
                clock, {.variables = {{"AWS_DEFAULT_REGION", "a"}, {"AWS_REGION", "b"}}})),
            "b");
}

}  // namespace
}  // namespace ek::test

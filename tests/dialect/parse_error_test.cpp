#include <gmock/gmock.h>

#include "dialect/dialect.hpp"
#include "support/matchers.hpp"

namespace ek {
namespace {

using dialect::parse_error;

struct Row {
  const char* body;
  int status;
  ErrorCode code;
  bool retryable;
  const char* provider_code;
};

TEST(ParseError, KnowsTheShapesOfProviders) {
  const std::vector<Row> table = {
      {R"({"error":{"message":"m","type":"invalid_request_error","code":"context_length_exceeded"}})",
       400, ErrorCode::context_length, false, "context_length_exceeded"},
      {R"({"error":{"message":"m","type":"insufficient_quota","code":"insufficient_quota"}})", 429,
       ErrorCode::rate_limit, false, "insufficient_quota"},
      {R"({"error":{"message":"m","code":"429"}})", 429, ErrorCode::rate_limit, true, "429"},
      {R"({"type":"error","error":{"type":"overloaded_error","message":"m"}})", 529,
       ErrorCode::unavailable, true, "overloaded_error"},
      {R"({"error":{"message":"m","type":"server_error","code":null}})", 0, ErrorCode::server_error,
       true, "server_error"},
      {R"({"error":"Model is overloaded","error_type":"overloaded"})", 0, ErrorCode::unavailable,
       true, "overloaded"},
      {R"({"object":"error","message":"This model's maximum context length is 10 tokens","code":400})",
       0, ErrorCode::context_length, false, "400"},
      {R"({"code":424,"message":"invoke handler failure","error":"x"})", 424,
       ErrorCode::model_error, false, "424"},
      {R"([{"error":{"code":403,"message":"m","status":"PERMISSION_DENIED"}}])", 403,
       ErrorCode::permission, false, "PERMISSION_DENIED"},
      {R"({"error":{"message":"m","status":"RESOURCE_EXHAUSTED"}})", 0, ErrorCode::rate_limit, true,
       "RESOURCE_EXHAUSTED"},
      {R"({"statusCode":401,"message":"Unauthorized."})", 401, ErrorCode::authentication, false,
       ""},
      {R"({"detail":"Not Found"})", 404, ErrorCode::not_found, false, ""},
  };
  for (const Row& row : table) {
    const auto error = parse_error(row.body, row.status);
    ASSERT_TRUE(error) << row.body;
    EXPECT_EQ(error->code, row.code) << row.body;
    EXPECT_EQ(error->retryable, row.retryable) << row.body;
    EXPECT_EQ(error->provider_code, row.provider_code) << row.body;
    EXPECT_EQ(error->phase, row.status >= 400 ? Phase::headers : Phase::stream);
    EXPECT_FALSE(error->message.empty()) << row.body;
    EXPECT_EQ(error->provider_body, row.body);
  }
}

TEST(ParseError, FindsNoneWhereThereIsNone) {
  for (const char* body : {"", "text", "{}", "[]", R"({"choices":[]})", R"({"error":null})",
                           R"({"detail":"x"})", R"({"message":"x"})", R"({"object":"list"})"}) {
    EXPECT_FALSE(parse_error(body, 0)) << body;
  }
  EXPECT_FALSE(parse_error("<html>", 502));
}

TEST(ParseError, ReadsReasonAndWishOfGoogle) {
  const auto wish = [](const std::string& delay) {
    return parse_error(
               R"({"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[)"
               R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED"},)"
               R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":")" +
                   delay + R"("}]}})",
               429)
        ->retry_after;
  };
  using std::chrono::milliseconds;
  EXPECT_EQ(wish("30s"), milliseconds(30'000));
  EXPECT_EQ(wish("0.5s"), milliseconds(500));
  EXPECT_EQ(wish("34.074824224s"), milliseconds(34'075));
  EXPECT_EQ(wish("soon"), std::nullopt);
  EXPECT_EQ(wish("-1s"), std::nullopt);
  const auto key = parse_error(
      R"({"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}})",
      400);
  EXPECT_EQ(key->code, ErrorCode::authentication);
  EXPECT_EQ(key->reason, "API_KEY_INVALID");
}

TEST(ParseError, NamesFilteredCategories) {
  for (const char* inner : {"innererror", "inner_error"}) {
    for (const char* results : {"content_filter_result", "content_filter_results"}) {
      const auto error = parse_error(
          std::string(R"({"error":{"message":"Blocked.","code":"content_filter","status":400,")") +
              inner + R"(":{"code":"ResponsibleAIPolicyViolation",")" + results +
              R"(":{"hate":{"filtered":true,"severity":"high"},"sexual":{"filtered":false},)"
              R"("error":{"code":"content_filter_error"}}}}})",
          400);
      ASSERT_TRUE(error);
      EXPECT_EQ(error->code, ErrorCode::content_filter);
      EXPECT_THAT(error->filtered_categories, testing::ElementsAre("hate"));
      EXPECT_EQ(error->message, "Blocked. (content_filter: hate)");
    }
  }
}

TEST(ParseError, KeepsAtMost4KiBOfTheBody) {
  const std::string body = R"({"error":{"message":")" + std::string(9000, 'x') + R"("}})";
  EXPECT_EQ(parse_error(body, 500)->provider_body.size(), 4096U);
}

}  // namespace
}  // namespace ek

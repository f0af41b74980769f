#include "endpointkit/error.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace ek {
namespace {

TEST(Error, IsDescribedInOneLine) {
  EXPECT_EQ(describe({.code = ErrorCode::timeout, .phase = Phase::idle, .message = "nothing came"}),
            "timeout (idle): nothing came");
  const Error full{.code = ErrorCode::permission,
                   .phase = Phase::headers,
                   .message = "not allowed",
                   .http_status = 403,
                   .original_status = 500,
                   .provider_code = "PERMISSION_DENIED",
                   .reason = "SERVICE_DISABLED",
                   .request_id = "abc"};
  EXPECT_EQ(describe(full),
            "permission (headers) HTTP 403 [model 500] PERMISSION_DENIED/SERVICE_DISABLED: "
            "not allowed (request id abc)");
  EXPECT_EQ(describe({.code = ErrorCode::server_error,
                      .phase = Phase::decode,
                      .message = "got '<html>\r\n\n  <body  id=1>\n'\tend\n"}),
            "server_error (decode): got '<html> <body  id=1> '\tend ");
}

TEST(Error, HasANameOfItsOwnForEveryCodeAndPhase) {
  std::set<std::string_view> codes;
  for (std::int32_t i = 1; i <= 14; ++i) codes.insert(to_string(static_cast<ErrorCode>(i)));
  EXPECT_EQ(codes.size(), 14u);
  std::set<std::string_view> phases;
  for (std::int32_t i = 1; i <= 13; ++i) phases.insert(to_string(static_cast<Phase>(i)));
  EXPECT_EQ(phases.size(), 13u);
  EXPECT_FALSE(codes.contains("unknown"));
  EXPECT_FALSE(phases.contains("unknown"));
  EXPECT_EQ(to_string(static_cast<ErrorCode>(99)), "unknown");
}

TEST(Result, HoldsAValueOrAnError) {
  Result<std::unique_ptr<int>> value = std::make_unique<int>(7);
  ASSERT_TRUE(value);
  EXPECT_EQ(**value, 7);
  EXPECT_EQ(*std::move(value).value(), 7);
  const Result<int> error = Error{.code = ErrorCode::not_found, .message = "no such model"};
  ASSERT_FALSE(error.has_value());
  EXPECT_EQ(error.error().code, ErrorCode::not_found);
}

TEST(Result, ThrowsFromValueOnly) {
  const Error why{
      .code = ErrorCode::not_found, .phase = Phase::headers, .message = "no such model"};
  const Result<int> result = why;
  try {
    static_cast<void>(result.value());
    FAIL() << "value() of an error came back";
  } catch (const Exception& thrown) {
    EXPECT_EQ(thrown.error(), why);
    EXPECT_STREQ(thrown.what(), "not_found (headers): no such model");
  }
  EXPECT_THROW(Result<void>(why).value(), Exception);
  EXPECT_NO_THROW(Result<void>().value());
}

}  // namespace
}  // namespace ek

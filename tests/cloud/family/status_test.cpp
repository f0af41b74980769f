#include "cloud/family/status.hpp"

#include <gmock/gmock.h>

namespace ek {
namespace {

TEST(ErrorByStatus, IsWhatACallerWouldDo) {
  struct Row {
    int status;
    ErrorCode code;
    bool retryable;
  };
  const Row table[] = {
      {302, ErrorCode::server_error, false},    {400, ErrorCode::invalid_request, false},
      {401, ErrorCode::authentication, false},  {403, ErrorCode::permission, false},
      {404, ErrorCode::not_found, false},       {408, ErrorCode::timeout, true},
      {413, ErrorCode::invalid_request, false}, {424, ErrorCode::model_error, false},
      {429, ErrorCode::rate_limit, true},       {500, ErrorCode::server_error, true},
      {501, ErrorCode::server_error, false},    {502, ErrorCode::server_error, true},
      {503, ErrorCode::unavailable, true},      {504, ErrorCode::timeout, true},
      {529, ErrorCode::unavailable, true},      {530, ErrorCode::server_error, true},
  };
  for (const Row& row : table) {
    const Error error = error_by_status(row.status);
    EXPECT_EQ(error.code, row.code) << row.status;
    EXPECT_EQ(error.retryable, row.retryable) << row.status;
  }
  EXPECT_THAT(error_by_status(302).message, testing::HasSubstr("redirect"));
}

TEST(NeededPermission, IsTheOneThatTheRefusalQuotes) {
  EXPECT_EQ(needed_permission("Permission 'a.b' denied on resource 'r'", "usual"), "a.b");
  EXPECT_EQ(needed_permission("authorization to perform action 'M.X/y/action' over", "u"),
            "M.X/y/action");
  EXPECT_EQ(needed_permission("Permission 'unfinished", "usual"), "usual");
  EXPECT_EQ(needed_permission("", "usual"), "usual");
}

TEST(BodyText, ShowsTitlesAndCutsLongText) {
  EXPECT_EQ(body_text("<!DOCTYPE html><html><head><TITLE>Error 404</TITLE>"), "Error 404");
  EXPECT_EQ(body_text("  plain \n"), "plain");
  EXPECT_EQ(body_text(""), "");
  EXPECT_LT(body_text(std::string(10'000, 'x')).size(), 600U);
  EXPECT_EQ(body_text(std::string("a\0b", 3)), "a?b");
}

}  // namespace
}  // namespace ek

#include "base/rare_error.hpp"

#include <gtest/gtest.h>

namespace ek {
namespace {

TEST(RareError, IsAsLargeAsAPointerWhileThereIsNone) {
  const RareError none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.get(), nullptr);
  EXPECT_EQ(sizeof none, sizeof(void*));
}

TEST(RareError, HoldsTheErrorThatWasPutInLast) {
  RareError error;
  error = Error{.code = ErrorCode::timeout, .message = "first"};
  error = Error{.code = ErrorCode::truncated, .message = "second"};
  ASSERT_TRUE(error);
  EXPECT_EQ(*error, (Error{.code = ErrorCode::truncated, .message = "second"}));
  EXPECT_EQ(error.get(), &*error);
  error.reset();
  EXPECT_FALSE(error);
}

}  // namespace
}  // namespace ek

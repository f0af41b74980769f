#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

#include "capi/capi.hpp"

namespace {

using ek::capi::guard;

// What guard() makes of `work`, as "status: message".
template <class Work>
std::string outcome(Work work) {
  epk_error* error = nullptr;
  const epk_status status = guard(&error, work);
  EXPECT_EQ(epk_error_code(error), error != nullptr ? status : EPK_OK);
  std::string text = std::to_string(status) + ": " + epk_error_message(error, nullptr);
  epk_error_free(error);
  return text;
}

TEST(Guard, GivesTheStatusOfWorkThatReturns) {
  EXPECT_EQ(outcome([] { return EPK_AGAIN; }), "2: ");
}

TEST(Guard, TurnsAnErrorOfTheLibraryIntoItsStatus) {
  const auto work = []() -> epk_status {
    throw ek::Exception({.code = ek::ErrorCode::rate_limit, .message = "slower, please"});
  };
  EXPECT_EQ(outcome(work), "-5: slower, please");
}

TEST(Guard, GivesOutOfMemoryWithoutAllocatingAnError) {
  EXPECT_EQ(outcome([]() -> epk_status { throw std::bad_alloc(); }), "-100: ");
}

TEST(Guard, LetsNoForeignExceptionCrossTheBorder) {
  const std::string text = outcome([]() -> epk_status { throw std::runtime_error("broken"); });
  EXPECT_TRUE(text.starts_with("-101: ")) << text;
  EXPECT_TRUE(text.ends_with(": broken")) << text;
  EXPECT_TRUE(outcome([]() -> epk_status { throw 7; }).starts_with("-101: "));
}

TEST(Guard, NeedsNoPlaceForTheDetails) {
  const auto work = []() -> epk_status { throw ek::Exception({.code = ek::ErrorCode::timeout}); };
  EXPECT_EQ(guard(nullptr, work), EPK_TIMEOUT);
}

TEST(TextIn, TakesALengthOrTheNul) {
  EXPECT_EQ(ek::capi::text_in("abcd", 2, "text"), "ab");
  EXPECT_EQ(ek::capi::text_in("abcd", EPK_ZERO_TERMINATED, "text"), "abcd");
  EXPECT_EQ(ek::capi::text_in(nullptr, 0, "text"), "");
  EXPECT_THROW((void)ek::capi::text_in(nullptr, 3, "text"), ek::Exception);
  EXPECT_THROW((void)ek::capi::text_in(nullptr, EPK_ZERO_TERMINATED, "text"), ek::Exception);
}

}  // namespace

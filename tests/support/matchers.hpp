// GoogleTest matchers for Result<T> and Error:
//   EXPECT_THAT(result, IsOk());
//   ASSERT_THAT(result, HasCode(ErrorCode::timeout));
//   EXPECT_THAT(result, FailsWith(HasSubstr("expected a host")));
#pragma once

#include <gmock/gmock.h>

#include <ostream>

#include "endpointkit/error.hpp"

namespace ek {

inline void PrintTo(const Error& error, std::ostream* out) { *out << describe(error); }

template <class T>
void PrintTo(const Result<T>& result, std::ostream* out) {
  if (result.has_value()) {
    *out << "a value";
  } else {
    *out << "the error " << describe(result.error());
  }
}

namespace test {

inline const Error* error_in(const Error& error) { return &error; }
template <class T>
const Error* error_in(const Result<T>& result) {
  return result.has_value() ? nullptr : &result.error();
}

/// The Result holds a value.
MATCHER(IsOk, negation ? "holds an error" : "holds a value") { return arg.has_value(); }

/// The Result holds an error (or the Error is one) of this code.
MATCHER_P(HasCode, code, "has the code " + std::string(to_string(code))) {
  const Error* error = error_in(arg);
  return error != nullptr && error->code == code;
}

MATCHER_P(HasPhase, phase, "has the phase " + std::string(to_string(phase))) {
  const Error* error = error_in(arg);
  return error != nullptr && error->phase == phase;
}

/// The message of the error matches.
MATCHER_P(FailsWith, message,
          "has a message that " + testing::DescribeMatcher<std::string>(message)) {
  const Error* error = error_in(arg);
  return error != nullptr && testing::ExplainMatchResult(message, error->message, result_listener);
}

}  // namespace test
}  // namespace ek

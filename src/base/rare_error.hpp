// Streams are many, and few of them fail: a place for an error that takes a pointer until there is
// one.
#pragma once

#include <memory>
#include <utility>

#include "endpointkit/error.hpp"

namespace ek {

/// Used as std::optional<Error> is.
class RareError {
 public:
  RareError& operator=(Error error) {
    error_ = std::make_unique<Error>(std::move(error));
    return *this;
  }
  void reset() noexcept { error_.reset(); }

  explicit operator bool() const noexcept { return error_ != nullptr; }
  const Error& operator*() const noexcept { return *error_; }
  /// Null for none.
  [[nodiscard]] const Error* get() const noexcept { return error_.get(); }

 private:
  std::unique_ptr<const Error> error_;
};

}  // namespace ek

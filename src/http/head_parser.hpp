// Header lines, as libcurl hands them out one by one, to an HttpHead.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "endpointkit/ext/transport.hpp"

namespace ek {

/// Pure. Interim answers (1xx) are passed over, trailers ignored.
class HeadParser {
 public:
  explicit HeadParser(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  /// Takes one line, with or without its line end. False if the head is larger than allowed.
  bool add(std::string_view line);
  [[nodiscard]] bool complete() const noexcept { return complete_; }
  [[nodiscard]] const HttpHead& head() const noexcept { return head_; }
  HttpHead take() noexcept { return std::move(head_); }

 private:
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  bool complete_ = false;
  HttpHead head_;
};

}  // namespace ek

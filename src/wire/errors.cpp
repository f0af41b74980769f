#include "wire/errors.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace ek::wire {

Error broken_framing(std::string message) {
  return {.code = ErrorCode::server_error, .phase = Phase::decode, .message = std::move(message)};
}

Error cut_inside(std::string_view what) {
  return {.code = ErrorCode::truncated,
          .phase = Phase::stream,
          .message = fmt::format("the body ended inside {}: the answer is not whole", what)};
}

Error too_large(std::string_view what, std::size_t max_bytes) {
  return broken_framing(
      fmt::format("{} exceeds {} bytes; raise max_frame_bytes if this is meant", what, max_bytes));
}

std::string excerpt(std::string_view bytes) { return clip(printable(bytes.substr(0, 64)), 64); }

}  // namespace ek::wire

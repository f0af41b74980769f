// Bytes in, frames out. Every framing and every envelope is this one object, so they nest; none of
// them cares where the bytes were cut.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "endpointkit/error.hpp"

namespace ek::wire {

/// One unit of a stream. Views live until the next call on the decoder that gave it.
struct Frame {
  std::string_view data{};  ///< Payload: SSE data, a JSON value, an event-stream payload.
  std::string_view type{};  ///< SSE event name or :event-type; "" if none.
  bool heartbeat = false;   ///< A comment or ping: no data.
  bool unframed = false;  ///< Text that stood outside the framing, whole: an error JSON, as a rule.
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Adds bytes; `last` says that the body ended properly after them.
  virtual void append(std::string_view bytes, bool last) = 0;
  /// The next frame, or none if more bytes are needed (or, after the last, nothing is left).
  /// Errors: server_error/decode for bytes that break the framing; truncated/stream after the last
  /// byte if it fell inside a frame; an envelope's own exceptions. After an error it gives that
  /// error again.
  virtual Result<std::optional<Frame>> next() = 0;
};

}  // namespace ek::wire

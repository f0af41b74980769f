// The envelope of AWS streams: event-stream messages as frames, exceptions as errors.
#pragma once

#include <functional>

#include "base/rare_error.hpp"
#include "wire/decoder.hpp"
#include "wire/event_stream_message.hpp"

namespace ek::wire {

/// What an exception in the stream means. `type` is its :exception-type with the JSON `payload`, or
/// its :error-code with the :error-message; "" if `payload` is JSON that stood in no message.
using ExplainException = std::function<Error(std::string_view type, std::string_view payload)>;

/// For those who know no better: server_error/stream with the type as provider_code and the payload
/// as message; not retryable.
Error explain_any_exception(std::string_view type, std::string_view payload);

/// Frames: each event, with its :event-type and payload; which types matter is the cloud's to know.
/// Errors besides the framing's: what `explain` makes of an exception; server_error/decode for a
/// message without :message-type, or without the type that this asks for.
class EventStreamDecoder final : public Decoder {
 public:
  explicit EventStreamDecoder(ExplainException explain = explain_any_exception,
                              std::size_t max_frame_bytes = max_message_payload_bytes)
      : messages_(max_frame_bytes), explain_(std::move(explain)) {}

  void append(std::string_view bytes, bool last) override { messages_.append(bytes, last); }
  Result<std::optional<Frame>> next() override;

 private:
  Result<Frame> open(const Message& message) const;
  Result<std::optional<Frame>> read_text(std::string_view text);

  MessageDecoder messages_;
  ExplainException explain_;
  std::string_view event_type_;  // of the last message; in its headers
  RareError error_;
};

}  // namespace ek::wire

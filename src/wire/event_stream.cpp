#include "wire/event_stream.hpp"

#include <fmt/format.h>

#include "wire/errors.hpp"
#include "wire/json_scan.hpp"

namespace ek::wire {
namespace {

Error lacks(std::string_view header) {
  return broken_framing(fmt::format("an event-stream message has no {} header", header));
}

}  // namespace

Error explain_any_exception(std::string_view type, std::string_view payload) {
  return {.code = ErrorCode::server_error,
          .phase = Phase::stream,
          .message = fmt::format("the provider ended the stream with {}: {}",
                                 type.empty() ? "text in no message" : excerpt(type),
                                 payload.empty() ? "no reason given" : excerpt(payload)),
          .provider_code = std::string(type),
          .provider_body = std::string(payload.substr(0, 4096))};
}

Result<std::optional<Frame>> EventStreamDecoder::next() {
  if (error_) return *error_;
  if (const auto text = messages_.text_ahead(); !text.empty()) return read_text(text);
  const Result<const Message*> message = messages_.next();
  if (!message) return message.error();
  if (*message == nullptr) return std::optional<Frame>();
  if (!(*message)->new_headers) return std::optional(Frame{(*message)->payload, event_type_});
  const Result<Frame> frame = open(**message);
  if (frame) {
    event_type_ = frame->type;
    return std::optional(*frame);
  }
  error_ = frame.error();
  return *error_;
}

// A server behind the envelope, or a proxy before it, that fails in the middle writes its error as
// it would to anybody.
Result<std::optional<Frame>> EventStreamDecoder::read_text(std::string_view text) {
  constexpr std::size_t max_text_bytes = 64 * 1024;
  const std::size_t size = JsonScan().feed(text);
  if (size == JsonScan::npos && !messages_.last() && text.size() < max_text_bytes)
    return std::optional<Frame>();
  error_ = explain_({}, text.substr(0, size));
  return *error_;
}

Result<Frame> EventStreamDecoder::open(const Message& message) const {
  const auto kind = message.text(":message-type");
  if (!kind) return lacks(":message-type");
  if (*kind == "event") {
    const auto type = message.text(":event-type");
    if (!type) return lacks(":event-type");
    return Frame{.data = message.payload, .type = *type};
  }
  if (*kind == "exception") {
    const auto type = message.text(":exception-type");
    if (!type) return lacks(":exception-type");
    return explain_(*type, message.payload);
  }
  if (*kind == "error") {
    const auto code = message.text(":error-code");
    if (!code) return lacks(":error-code");
    return explain_(*code, message.text(":error-message").value_or(message.payload));
  }
  return broken_framing(fmt::format(
      "expected :message-type event, exception or error, found \"{}\"", excerpt(*kind)));
}

}  // namespace ek::wire

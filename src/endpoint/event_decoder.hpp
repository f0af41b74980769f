// Hops 6 to 8 of an answer's path: envelope, framing and dialect in one object. ek::ChatDecoder is
// its public face; calls use it directly, since an event is not moved more often than it must be.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/rare_error.hpp"
#include "dialect/dialect.hpp"
#include "endpointkit/ext/decoder.hpp"
#include "wire/decoder.hpp"
#include "wire/detect.hpp"

namespace ek {

/// Bytes in, events out, as ek::ChatDecoder says.
class EventDecoder {
 public:
  /// `dialect` counts, not its name in `options`; null: it is detected.
  /// The bytes first go through `envelope`, whose frames' data, joined, is the body that `options`
  /// speaks of (its content type too). Null: there is no envelope.
  EventDecoder(const DecoderOptions& options, const dialect::Dialect* dialect,
               std::unique_ptr<wire::Decoder> envelope);

  void append(std::string_view bytes, bool last);
  /// The next event, or null: more bytes are needed, or the stream is over.
  /// Lifetime: until the next call.
  const ChatEvent* peek() {
    if (taken_ < events_.size()) return &events_[taken_];
    return dry_ ? nullptr : decode_next();
  }
  /// The event that peek() showed; it is part of the reply from now on.
  ChatEvent take();
  /// What ended the stream, once all events were taken.
  [[nodiscard]] const Error* error() const noexcept { return error_.get(); }

  [[nodiscard]] const ChatReply& reply() const noexcept { return builder_.reply(); }
  [[nodiscard]] Wire wire() const noexcept { return wire_; }
  [[nodiscard]] std::string_view dialect() const noexcept {
    return dialect_ == nullptr ? "auto" : dialect_->name();
  }

 private:
  void open_envelope();
  void set_framing(std::optional<wire::Framing> framing);
  const ChatEvent* decode_next();
  bool advance();
  bool open_next();
  bool end_early(Error error);
  void feed(std::string_view bytes, bool last);
  void begin_framing(bool no_more, bool last);
  [[nodiscard]] std::optional<wire::Framing> detect_framing(bool no_more) const;
  [[nodiscard]] bool dialect_is_raw() const;
  [[nodiscard]] bool names_sse() const;
  bool read(const wire::Frame& frame);
  bool begin_dialect(std::string_view first_frame);
  bool finish();
  bool end(Error error);

  Wire wire_;
  const dialect::Dialect* dialect_;  // null until it is detected
  std::string content_type_;
  std::size_t max_frame_bytes_;
  std::unique_ptr<wire::Decoder> envelope_;
  bool envelope_last_ = false;
  std::string head_;
  std::unique_ptr<wire::Decoder> framing_;
  std::unique_ptr<dialect::StreamDecoder> stream_;
  bool body_over_ = false;  // the framing was told so
  bool over_ = false;
  bool dry_ = false;  // until more bytes come: asked after each event, so it has to be cheap
  std::vector<ChatEvent> events_;  // those before taken_ were handed out
  std::size_t taken_ = 0;
  RareError error_;
  ReplyBuilder builder_;
};

}  // namespace ek

#include "endpoint/decoder.hpp"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "base/text.hpp"
#include "dialect/dialect.hpp"
#include "dialect/json_view.hpp"
#include "wire/detect.hpp"

namespace ek {
namespace {

using wire::Framing;

struct WireName {
  Wire wire;
  std::string_view name;
  Framing framing;
};

constexpr auto kWires = std::to_array<WireName>({
    {Wire::sse, "sse", Framing::sse},
    {Wire::ndjson, "ndjson", Framing::ndjson},
    {Wire::json_array, "json-array", Framing::json_array},
    {Wire::json, "json", Framing::json},
    {Wire::event_stream, "eventstream", Framing::event_stream},
});

Wire wire_of(Framing framing) noexcept {
  for (const WireName& known : kWires) {
    if (known.framing == framing) return known.wire;
  }
  return Wire::detect;  // plain text
}

std::optional<Framing> framing_of(Wire wire) noexcept {
  for (const WireName& known : kWires) {
    if (known.wire == wire) return known.framing;
  }
  return std::nullopt;
}

Error cut_off(bool anything) {
  return {.code = ErrorCode::truncated,
          .phase = Phase::stream,
          .message = anything ? "the answer ended without its end marker: what came is not all of "
                                "it; send the request again"
                              : "the answer was empty, or held nothing that the dialect knows; "
                                "check the dialect and the endpoint"};
}

Error no_known_dialect(std::string_view frame) {
  return {.code = ErrorCode::server_error,
          .phase = Phase::decode,
          .message = fmt::format("no dialect is recognised in '{}'; name one of {}",
                                 clip(printable(frame), 120), dialect::names())};
}

Error no_json(std::string_view body) {
  return {
      .code = ErrorCode::server_error,
      .phase = Phase::decode,
      .message = fmt::format("expected JSON, got '{}'; does the endpoint speak the raw dialect?",
                             clip(printable(body), 120))};
}

}  // namespace

std::string_view to_string(Wire wire) noexcept {
  for (const WireName& known : kWires) {
    if (known.wire == wire) return known.name;
  }
  return "auto";
}

std::optional<Wire> parse_wire(std::string_view name) noexcept {
  if (name == "auto") return Wire::detect;
  for (const WireName& known : kWires) {
    if (known.name == name) return known.wire;
  }
  return std::nullopt;
}

// Bytes go through the envelope, if there is one, into `framing_`, or into `head_` until it is
// known which framing that is. One frame at a time is decoded, so that everything before an error
// is delivered before it.
class ChatDecoder::Impl {
 public:
  Impl(const DecoderOptions& options, const dialect::Dialect* dialect,
       std::unique_ptr<wire::Decoder> envelope)
      : wire_(options.wire),
        dialect_(dialect),
        content_type_(options.content_type),
        max_frame_bytes_(options.max_frame_bytes),
        envelope_(std::move(envelope)) {
    if (wire_ == Wire::event_stream && envelope_ == nullptr) open_envelope();
    if (wire_ != Wire::event_stream) set_framing(framing_of(wire_));
  }

  static ChatDecoder make(const DecoderOptions& options, const dialect::Dialect* dialect,
                          std::unique_ptr<wire::Decoder> envelope) {
    return ChatDecoder(std::make_unique<Impl>(options, dialect, std::move(envelope)));
  }

  void append(std::string_view bytes, bool last) {
    if (over_) return;
    if (envelope_ == nullptr) return feed(bytes, last);
    envelope_last_ = envelope_last_ || last;
    envelope_->append(bytes, last);
  }

  Result<std::optional<ChatEvent>> next() {
    while (waiting() == 0 && !over_) {
      if (!advance()) return std::optional<ChatEvent>();
    }
    if (waiting() != 0) return take();
    if (error_) return *error_;
    return std::optional<ChatEvent>();
  }

  [[nodiscard]] const ChatReply& reply() const noexcept { return builder_.reply(); }
  [[nodiscard]] Wire wire() const noexcept { return wire_; }
  [[nodiscard]] std::string_view dialect() const noexcept {
    return dialect_ == nullptr ? "auto" : dialect_->name();
  }

 private:
  void open_envelope() {
    envelope_ = wire::make_decoder(Framing::event_stream, max_frame_bytes_);
    content_type_.clear();  // it spoke of the envelope
  }

  void set_framing(std::optional<Framing> framing) {
    if (framing) framing_ = wire::make_decoder(*framing, max_frame_bytes_);
  }

  [[nodiscard]] std::size_t waiting() const noexcept { return events_.size() - taken_; }

  std::optional<ChatEvent> take() {
    std::optional<ChatEvent> event = std::move(events_[taken_++]);
    if (waiting() == 0) {
      events_.clear();
      taken_ = 0;
    }
    builder_.add(*event);
    return event;
  }

  // One step; false if more bytes are needed.
  bool advance() {
    if (framing_ != nullptr) {
      auto frame = framing_->next();
      if (!frame) return end(std::move(frame).error());
      if (*frame) return read(**frame);
    }
    if (envelope_ != nullptr && !body_over_) return open_next();
    if (!body_over_ || framing_ == nullptr) return false;
    return finish();
  }

  // Takes the next payload out of the envelope.
  bool open_next() {
    auto payload = envelope_->next();
    if (!payload) return end_early(std::move(payload).error());
    if (*payload) {
      if ((*payload)->heartbeat) {
        events_.push_back({Heartbeat{}});
      } else {
        feed((*payload)->data, false);
      }
      return true;
    }
    if (!envelope_last_) return false;
    feed({}, true);
    return true;
  }

  // The envelope broke: what it gave before is still decoded, but nothing is finished by it.
  bool end_early(Error error) {
    envelope_.reset();
    if (framing_ == nullptr && !head_.empty()) begin_framing(true, false);
    if (framing_ == nullptr) return end(std::move(error));
    while (!over_) {
      auto frame = framing_->next();
      if (!frame || !*frame) break;
      read(**frame);
    }
    return over_ ? true : end(std::move(error));
  }

  void feed(std::string_view bytes, bool last) {
    body_over_ = body_over_ || last;
    if (framing_ != nullptr) return framing_->append(bytes, last);
    head_ += bytes;
    begin_framing(last, last);
  }

  void begin_framing(bool no_more, bool last) {
    auto framing = dialect_is_raw() && !names_sse() ? std::optional(Framing::plain)
                                                    : wire::detect(content_type_, head_, no_more);
    if (!framing) return;
    // Text where a dialect with frames was promised: one look at all of it.
    if (*framing == Framing::plain && dialect_ != nullptr && !dialect_is_raw()) {
      framing = Framing::json;
    }
    // A broken body is not one value; what is whole of it are lines.
    if (*framing == Framing::json && no_more && !last) framing = Framing::ndjson;
    std::string head = std::move(head_);
    head_.clear();
    if (*framing == Framing::event_stream && envelope_ == nullptr) {
      wire_ = Wire::event_stream;
      body_over_ = false;
      open_envelope();
      envelope_->append(head, last);
      envelope_last_ = last;
      return;
    }
    if (wire_ == Wire::detect) wire_ = wire_of(*framing);
    set_framing(framing);
    framing_->append(head, last);
  }

  bool dialect_is_raw() const { return dialect_ != nullptr && dialect_->name() == "raw"; }
  bool names_sse() const {
    return to_lower(content_type_).find("text/event-stream") != std::string::npos;
  }

  bool read(const wire::Frame& frame) {
    if (frame.heartbeat) {
      events_.push_back({Heartbeat{}});
      return true;
    }
    // JSON past the framing is an error, as a rule; else it may still be an answer.
    if (frame.unframed) {
      if (auto told = dialect::parse_error(frame.data, 0)) return end(*std::move(told));
    }
    if (trim(frame.data).empty() && stream_ == nullptr) return true;
    if (!begin_dialect(frame.data)) return end(no_known_dialect(frame.data));
    if (wire_ == Wire::json && !dialect_is_raw() && !dialect::JsonView::parse(frame.data)) {
      return end(no_json(frame.data));
    }
    auto decoded = stream_->decode({frame.data, frame.type}, events_);
    builder_.set_identity(stream_->id(), stream_->model());
    builder_.set_provider_reason(stream_->provider_reason());
    if (!decoded) return end(std::move(decoded).error());
    return stream_->done() ? finish() : true;
  }

  // False for JSON that no dialect knows; other text is raw.
  bool begin_dialect(std::string_view first_frame) {
    if (dialect_ == nullptr) {
      dialect_ = dialect::find(dialect::detect(first_frame));
      const auto json = dialect::JsonView::parse(first_frame);
      if (dialect_is_raw() && json && json->is(dialect::JsonView::Kind::object)) return false;
    }
    if (stream_ == nullptr) stream_ = dialect_->make_stream_decoder();
    return true;
  }

  bool finish() {
    if (stream_ == nullptr && dialect_is_raw()) stream_ = dialect_->make_stream_decoder();
    auto finished = stream_ == nullptr ? std::nullopt : stream_->finish();
    if (!finished) return end(cut_off(stream_ != nullptr));
    events_.push_back({*std::move(finished)});
    over_ = true;
    return true;
  }

  bool end(Error error) {
    error_ = std::move(error);
    over_ = true;
    return true;
  }

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
  std::vector<ChatEvent> events_;  // those before taken_ were handed out
  std::size_t taken_ = 0;
  std::optional<Error> error_;
  ReplyBuilder builder_;
};

ChatDecoder::ChatDecoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChatDecoder::ChatDecoder(ChatDecoder&&) noexcept = default;
ChatDecoder& ChatDecoder::operator=(ChatDecoder&&) noexcept = default;
ChatDecoder::~ChatDecoder() = default;

Result<ChatDecoder> ChatDecoder::create(const DecoderOptions& options) {
  return make_chat_decoder(options, nullptr);
}

Result<ChatDecoder> make_chat_decoder(const DecoderOptions& options,
                                      std::unique_ptr<wire::Decoder> envelope) {
  const dialect::Dialect* dialect = dialect::find(options.dialect);
  if (dialect == nullptr && options.dialect != "auto" && !options.dialect.empty()) {
    return Error{.code = ErrorCode::invalid_request,
                 .phase = Phase::request,
                 .message = fmt::format("no dialect is called '{}'; known are auto, {}",
                                        options.dialect, dialect::names())};
  }
  return ChatDecoder::Impl::make(options, dialect, std::move(envelope));
}

void ChatDecoder::append(std::string_view bytes, bool last) { impl_->append(bytes, last); }
Result<std::optional<ChatEvent>> ChatDecoder::next() { return impl_->next(); }
const ChatReply& ChatDecoder::reply() const noexcept { return impl_->reply(); }
Wire ChatDecoder::wire() const noexcept { return impl_->wire(); }
std::string_view ChatDecoder::dialect() const noexcept { return impl_->dialect(); }

}  // namespace ek

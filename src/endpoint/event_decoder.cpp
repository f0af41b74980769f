#include "endpoint/event_decoder.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "dialect/json_view.hpp"
#include "dialect/stream_base.hpp"
#include "endpoint/wires.hpp"

namespace ek {

using wire::Framing;

namespace {

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
  if (auto page = dialect::web_page(body)) return *std::move(page);
  return {
      .code = ErrorCode::server_error,
      .phase = Phase::decode,
      .message = fmt::format("expected JSON, got '{}'; does the endpoint speak the raw dialect?",
                             clip(printable(body), 120))};
}

}  // namespace

// Bytes go through the envelope, if there is one, into `framing_`, or into `head_` until it is
// known which framing that is. One frame at a time is decoded, so that everything before an error
// is delivered before it.
EventDecoder::EventDecoder(const DecoderOptions& options, const dialect::Dialect* dialect,
                           std::unique_ptr<wire::Decoder> envelope)
    : wire_(options.wire),
      dialect_(dialect),
      content_type_(options.content_type),
      max_frame_bytes_(options.max_frame_bytes),
      envelope_(std::move(envelope)) {
  if (wire_ == Wire::event_stream && envelope_ == nullptr) open_envelope();
  if (wire_ != Wire::event_stream) set_framing(framing_of(wire_));
}

void EventDecoder::append(std::string_view bytes, bool last) {
  if (over_) return;
  dry_ = false;
  if (envelope_ == nullptr) return feed(bytes, last);
  envelope_last_ = envelope_last_ || last;
  envelope_->append(bytes, last);
}

const ChatEvent* EventDecoder::decode_next() {
  events_.clear();
  taken_ = 0;
  while (events_.empty() && !dry_) dry_ = over_ || !advance();
  return events_.empty() ? nullptr : &events_.front();
}

ChatEvent EventDecoder::take() {
  ChatEvent& event = events_[taken_++];
  builder_.add(event);
  return std::move(event);
}

void EventDecoder::open_envelope() {
  envelope_ = wire::make_decoder(Framing::event_stream, max_frame_bytes_);
  content_type_.clear();  // it spoke of the envelope
}

void EventDecoder::set_framing(std::optional<Framing> framing) {
  if (framing) framing_ = wire::make_decoder(*framing, max_frame_bytes_);
}

// One step; false if more bytes are needed.
bool EventDecoder::advance() {
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
bool EventDecoder::open_next() {
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
bool EventDecoder::end_early(Error error) {
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

void EventDecoder::feed(std::string_view bytes, bool last) {
  body_over_ = body_over_ || last;
  if (framing_ != nullptr) return framing_->append(bytes, last);
  head_ += bytes;
  begin_framing(last, last);
}

void EventDecoder::begin_framing(bool no_more, bool last) {
  auto framing = detect_framing(no_more);
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

// Raw text is handed on as it comes, whatever it looks like.
std::optional<Framing> EventDecoder::detect_framing(bool no_more) const {
  if (!dialect_is_raw() || names_sse()) return wire::detect(content_type_, head_, no_more);
  if (envelope_ != nullptr) return Framing::plain;
  return wire::detect_envelope(content_type_, head_, no_more);
}

bool EventDecoder::dialect_is_raw() const {
  return dialect_ != nullptr && dialect_->name() == "raw";
}
bool EventDecoder::names_sse() const {
  return to_lower(content_type_).find("text/event-stream") != std::string::npos;
}

bool EventDecoder::read(const wire::Frame& frame) {
  if (frame.heartbeat) {
    events_.push_back({Heartbeat{}});
    return true;
  }
  // JSON past the framing is an error, as a rule; else it may still be an answer.
  if (frame.unframed) {
    if (auto told = dialect::parse_error(frame.data, 0)) return end(*std::move(told));
  }
  if (stream_ == nullptr && !dialect_is_raw() && trim(frame.data).empty()) return true;
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
bool EventDecoder::begin_dialect(std::string_view first_frame) {
  if (dialect_ == nullptr) {
    dialect_ = dialect::find(dialect::detect(first_frame));
    const auto json = dialect::JsonView::parse(first_frame);
    if (dialect_is_raw() && json && json->is(dialect::JsonView::Kind::object)) return false;
  }
  if (stream_ == nullptr) stream_ = dialect_->make_stream_decoder();
  return true;
}

bool EventDecoder::finish() {
  if (stream_ == nullptr && dialect_is_raw()) stream_ = dialect_->make_stream_decoder();
  auto finished = stream_ == nullptr ? std::nullopt : stream_->finish();
  if (!finished) return end(cut_off(stream_ != nullptr));
  events_.push_back({*std::move(finished)});
  over_ = true;
  return true;
}

bool EventDecoder::end(Error error) {
  error_ = std::move(error);
  over_ = true;
  return true;
}

}  // namespace ek

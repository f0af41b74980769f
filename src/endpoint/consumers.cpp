#include "endpoint/consumers.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace ek {
namespace {

constexpr std::size_t max_whole_body_bytes = 256u << 20;

// Pieces of the answer end the first-event timer and rule out a retry; counts, notices and pings do
// not.
bool is_content(const ChatEvent& event) {
  if (const auto* provider = event.get_if<ProviderEvent>()) return provider->part;
  return event.get_if<UsageUpdate>() == nullptr && event.get_if<Heartbeat>() == nullptr;
}

// Compressed although identity was asked for.
Result<void> must_be_plain(const HttpHead& head) {
  const std::string_view encoding = head.header("content-encoding");
  if (encoding.empty() || iequals(encoding, "identity")) return {};
  return Error{.code = ErrorCode::server_error,
               .phase = Phase::decode,
               .message = fmt::format("expected an answer as it is, got one with the "
                                      "Content-Encoding {}: a proxy in between, as a rule, "
                                      "compresses answers unasked; have it leave these alone",
                                      printable(clip(std::string(encoding), 40)))};
}

}  // namespace

Result<void> ChatConsumer::begin(const HttpHead& head) {
  if (auto plain = must_be_plain(head); !plain) return plain;
  finished_ = false;
  const std::string content_type = endpoint_.cloud->content_type(head);
  decoder_.emplace(DecoderOptions{.content_type = content_type}, endpoint_.dialect,
                   endpoint_.cloud->unwrap(head));
  return {};
}

void ChatConsumer::append(std::string_view bytes, bool last) { decoder_->append(bytes, last); }

Consumer::Progress ChatConsumer::progress() {
  const ChatEvent* event = decoder_->peek();
  finished_ = finished_ || (event != nullptr && event->get_if<Finished>() != nullptr);
  return {.item = event != nullptr,
          .content = event != nullptr && is_content(*event),
          .over = finished_,
          .error = event != nullptr ? nullptr : decoder_->error()};
}

const ChatReply& ChatConsumer::reply() const noexcept {
  static const ChatReply nothing;
  return decoder_ ? decoder_->reply() : nothing;
}

Result<void> PieceConsumer::begin(const HttpHead& head) {
  unwrap_ = endpoint_.cloud->unwrap(head);
  piece_.clear();
  error_.reset();
  last_ = false;
  return {};
}

void PieceConsumer::append(std::string_view bytes, bool last) {
  last_ = last;
  if (unwrap_ == nullptr) {
    piece_ += bytes;
    return;
  }
  unwrap_->append(bytes, last);
  piece_.reserve(piece_.size() + bytes.size());
  while (true) {
    auto frame = unwrap_->next();
    if (!frame) {
      error_ = std::move(frame).error();
      return;
    }
    if (!*frame) return;
    piece_ += (*frame)->data;
  }
}

Consumer::Progress PieceConsumer::progress() {
  const bool item = !piece_.empty();
  return {.item = item,
          .content = item,
          .over = last_ && !error_ && !item,
          .error = item ? nullptr : error_.get()};
}

std::string PieceConsumer::take() {
  std::string piece = std::move(piece_);
  piece_.clear();
  return piece;
}

Result<void> WholeConsumer::begin(const HttpHead&) {
  body_.clear();
  last_ = false;
  error_.reset();
  return {};
}

void WholeConsumer::append(std::string_view bytes, bool last) {
  body_ += bytes;
  last_ = last;
}

Consumer::Progress WholeConsumer::progress() {
  if (body_.size() > max_whole_body_bytes && !error_) {
    error_ = Error{.code = ErrorCode::server_error,
                   .phase = Phase::decode,
                   .message = fmt::format("the answer is over {} bytes; stream it instead",
                                          max_whole_body_bytes)};
  }
  return {.over = last_ && !error_, .error = error_.get()};
}

Result<void> ReplyConsumer::begin(const HttpHead& head) {
  if (auto plain = must_be_plain(head); !plain) return plain;
  return WholeConsumer::begin(head);
}

void ReplyConsumer::append(std::string_view bytes, bool last) {
  WholeConsumer::append(bytes, last);
  if (!last || progress().error != nullptr) return;
  auto reply = dialect_.decode_reply(take());
  if (reply) {
    reply_ = *std::move(reply);
  } else {
    error_ = std::move(reply).error();
  }
}

}  // namespace ek

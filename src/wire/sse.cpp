#include "wire/sse.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "wire/errors.hpp"
#include "wire/json_scan.hpp"

namespace ek::wire {
namespace {

// A data line whose event is still open keeps the buffer from shrinking, whatever comments follow;
// past this size it is copied out.
constexpr std::size_t joined_above_bytes = 64 * 1024;

// After it servers may keep the socket open and owe the empty line; nothing can continue it.
constexpr std::string_view end_marker = "[DONE]";

// The position of `c` in [from, end) of `text`, or `end`. At once if it is known already.
std::size_t find(std::string_view text, char c, std::size_t from, std::size_t end) noexcept {
  if (from >= end || text[from] == c) return std::min(from, end);
  const void* hit = std::memchr(text.data() + from, c, end - from);
  return hit == nullptr ? end
                        : static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
}

bool is_field(std::string_view line) noexcept {
  return line.starts_with("data:") || line.starts_with("event:") || line.starts_with(":") ||
         line.starts_with("id:") || line.starts_with("retry:") || line.starts_with("error:");
}

bool begins_unframed(std::string_view line) noexcept {
  return !line.empty() && (line.front() == '{' || line.front() == '[');
}

// ASCII digits only, by the standard; a number that no clock can hold is no wish either.
std::optional<std::chrono::milliseconds> parse_retry(std::string_view value) noexcept {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (value.empty() || value.front() == '-' || failure != std::errc{} ||
      end != value.data() + value.size()) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(number);
}

}  // namespace

void SseDecoder::append(std::string_view bytes, bool last) {
  release();
  if (data_lines_ == 1 && at_ > joined_above_bytes) {
    joined_.assign(data());
    data_lines_ = 2;
  }
  drop_consumed();
  buffer_.append(bytes);
  last_ = last_ || last;
}

Result<std::optional<Frame>> SseDecoder::next() {
  if (error_) return *error_;
  release();
  if (!buffer_.skip_bom(last_)) return std::optional<Frame>();
  while (const auto line = take_line()) {
    if (line->size() > options_.max_frame_bytes) {
      return fail(too_large("a line of the event stream", options_.max_frame_bytes));
    }
    const auto frame = read_line(*line);
    if (error_) return *error_;
    if (frame) return frame;
  }
  if (buffer_.rest().size() - at_ > options_.max_frame_bytes) {
    return fail(too_large("a line of the event stream", options_.max_frame_bytes));
  }
  if (last_) return finish();
  return std::optional<Frame>();
}

// Forgets what the last call handed out.
void SseDecoder::release() {
  comment_ = {};
  if (unframed_given_) {
    unframed_.clear();
    unframed_given_ = false;
  }
  if (!event_given_) return;
  event_given_ = false;
  data_lines_ = 0;
  joined_.clear();
  type_.clear();
  drop_consumed();
}

void SseDecoder::drop_consumed() {
  if (data_lines_ == 1) return;  // that line is still needed
  buffer_.consume(at_);
  lf_ -= std::min(lf_, at_);
  cr_ -= std::min(cr_, at_);
  at_ = 0;
}

// Lines end with LF, CR or CRLF. A CR ends its line at once, so that an event never waits for the
// LF that may follow in the next piece.
std::optional<std::string_view> SseDecoder::take_line() {
  const std::string_view rest = buffer_.rest();
  if (skip_lf_ && at_ < rest.size()) {
    if (rest[at_] == '\n') ++at_;
    skip_lf_ = false;
  }
  // Each byte is looked at once for either, not once a line.
  lf_ = find(rest, '\n', std::max(lf_, at_), rest.size());
  cr_ = find(rest, '\r', std::max(cr_, at_), rest.size());
  const std::size_t end = std::min(lf_, cr_);
  if (end >= rest.size()) return std::nullopt;
  const std::string_view line = rest.substr(at_, end - at_);
  line_begin_ = at_;
  at_ = end + 1;
  if (rest[end] == '\r') {
    skip_lf_ = at_ == rest.size();
    if (!skip_lf_ && rest[at_] == '\n') ++at_;
  }
  return line;
}

void SseDecoder::untake_line() noexcept {
  at_ = line_begin_;
  cr_ = line_begin_;
  lf_ = line_begin_;
  skip_lf_ = false;
}

std::optional<Frame> SseDecoder::read_line(std::string_view line) {
  if (!unframed_.empty() || begins_unframed(line)) return read_unframed(line);
  if (line.empty()) return end_event();
  const std::size_t colon = find(line, ':', 0, line.size());
  if (colon == 0) {
    comment_ = line.substr(1);
    return Frame{.heartbeat = true};
  }
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  return read_field(line.substr(0, colon), value);
}

std::optional<Frame> SseDecoder::read_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    add_data(value);
    if (data_lines_ == 1 && value == end_marker && options_.keep_unterminated) return end_event();
  } else if (name == "event") {
    type_.assign(value);
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_.assign(value);
  } else if (name == "retry") {
    if (const auto wish = parse_retry(value)) retry_ = wish;
  } else if (name == "error" && !value.empty()) {
    // llama.cpp before September 2025 reports a failure by a field of its own.
    return Frame{.data = value, .type = "error", .unframed = true};
  }
  return std::nullopt;
}

// A line that no JSON value can hold ends the text, whole or not: the events after it still count.
std::optional<Frame> SseDecoder::read_unframed(std::string_view line) {
  if (!unframed_.empty() && is_field(line)) {
    untake_line();
    return give_unframed();
  }
  if (unframed_.size() + line.size() + 1 > options_.max_frame_bytes) {
    fail(too_large("text outside the event framing", options_.max_frame_bytes));
    return std::nullopt;
  }
  if (!unframed_.empty()) unframed_ += '\n';
  unframed_ += line;
  return unframed_scan_.feed(line) != JsonScan::npos ? give_unframed() : std::nullopt;
}

std::optional<Frame> SseDecoder::give_unframed() noexcept {
  unframed_given_ = true;
  unframed_scan_ = {};
  return Frame{.data = unframed_, .unframed = true};
}

void SseDecoder::add_data(std::string_view value) {
  if (data_lines_ > 0 && data().size() + 1 + value.size() > options_.max_frame_bytes) {
    fail(too_large("the data of an event", options_.max_frame_bytes));
    return;
  }
  if (data_lines_ == 0) {
    data_begin_ = static_cast<std::size_t>(value.data() - buffer_.rest().data());
    data_size_ = value.size();
  } else {
    if (data_lines_ == 1) joined_.assign(data());
    joined_ += '\n';
    joined_ += value;
  }
  ++data_lines_;
}

std::optional<Frame> SseDecoder::end_event() {
  if (last_event_id_ != id_) last_event_id_ = id_;
  if (data_lines_ == 0) {
    type_.clear();
    return std::nullopt;
  }
  event_given_ = true;
  return Frame{.data = data(), .type = type_};
}

// After the last byte: what has no line end, then what has no empty line.
Result<std::optional<Frame>> SseDecoder::finish() {
  const std::string_view line = buffer_.rest().substr(at_);
  if (!line.empty()) {
    line_begin_ = at_;
    at_ = buffer_.rest().size();
    if (options_.keep_unterminated || !unframed_.empty() || begins_unframed(line)) {
      const auto frame = read_line(line);
      if (error_) return *error_;
      if (frame) return frame;
    }
  }
  if (!options_.keep_unterminated) return std::optional<Frame>();
  if (!unframed_.empty()) return fail(cut_inside("JSON outside the event framing"));
  if (data_lines_ == 0) return std::optional<Frame>();
  if (!is_whole(data())) return fail(cut_inside("the JSON of its last event"));
  return end_event();
}

std::string_view SseDecoder::data() const noexcept {
  return data_lines_ > 1 ? std::string_view(joined_)
                         : buffer_.rest().substr(data_begin_, data_size_);
}

Error SseDecoder::fail(Error error) {
  error_ = std::move(error);
  return *error_;
}

}  // namespace ek::wire

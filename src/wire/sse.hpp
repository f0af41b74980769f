// Server-sent events (text/event-stream, WHATWG HTML §9.2.6), with two allowances for model
// servers: a last event without its empty line, be it because the body ended or because its data is
// [DONE], and JSON that stands outside the framing.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/rare_error.hpp"
#include "wire/buffer.hpp"
#include "wire/decoder.hpp"
#include "wire/json_scan.hpp"

namespace ek::wire {

struct SseOptions {
  /// Bound of one line and of the data of one event.
  std::size_t max_frame_bytes = std::size_t{64} << 20U;
  /// Give a last event that lacks its empty line, if its data is not a JSON value cut short (that
  /// is the error `truncated`). False drops it without a word, as the standard says.
  bool keep_unterminated = true;
};

/// Frames: an event with data (type "" where no event field stood), a heartbeat for each comment,
/// and, marked `unframed`, what servers print past the framing: lines from one that begins with '{'
/// or '[' until the JSON value is whole, and the value of an `error:` field (type "error").
class SseDecoder final : public Decoder {
 public:
  explicit SseDecoder(SseOptions options = {}) : options_(options) {}

  void append(std::string_view bytes, bool last) override;
  Result<std::optional<Frame>> next() override;

  /// The id that a reconnecting client would send as Last-Event-ID.
  [[nodiscard]] const std::string& last_event_id() const noexcept { return last_event_id_; }
  /// The reconnection time that the server wished for last.
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry() const noexcept { return retry_; }
  /// After a heartbeat: the text of the comment. Lifetime: until the next call.
  [[nodiscard]] std::string_view comment() const noexcept { return comment_; }

 private:
  void release();
  void drop_consumed();
  std::optional<std::string_view> take_line();
  void untake_line() noexcept;
  std::optional<Frame> read_line(std::string_view line);
  std::optional<Frame> read_field(std::string_view name, std::string_view value);
  std::optional<Frame> read_unframed(std::string_view line);
  std::optional<Frame> give_unframed() noexcept;
  void add_data(std::string_view value);
  std::optional<Frame> end_event();
  Result<std::optional<Frame>> finish();
  [[nodiscard]] std::string_view data() const noexcept;
  Error fail(Error error);

  SseOptions options_;
  Buffer buffer_;
  bool last_ = false;
  RareError error_;

  // Positions count from the start of buffer_.rest().
  std::size_t at_ = 0;          // where the next line begins
  std::size_t line_begin_ = 0;  // where the line taken last began
  std::size_t lf_ = 0;          // no LF in [at_, lf_)
  std::size_t cr_ = 0;          // no CR in [at_, cr_)
  bool skip_lf_ = false;        // the last line ended with CR, and its LF may still come

  std::size_t data_lines_ = 0;  // 0, 1, or 2 and more
  std::size_t data_begin_ = 0;  // one data line is a view into the buffer …
  std::size_t data_size_ = 0;
  std::string joined_;  // … several are joined here
  std::string type_;
  std::string id_;
  std::string last_event_id_;
  std::optional<std::chrono::milliseconds> retry_;
  std::string_view comment_;
  std::string unframed_;
  JsonScan unframed_scan_;
  bool event_given_ = false;
  bool unframed_given_ = false;
};

}  // namespace ek::wire

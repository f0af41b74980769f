#include "wire/ndjson.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "wire/errors.hpp"

namespace ek::wire {

void NdjsonDecoder::append(std::string_view bytes, bool last) {
  release();
  buffer_.append(bytes);
  last_ = last_ || last;
}

void NdjsonDecoder::release() {
  buffer_.consume(given_);
  given_ = 0;
}

Result<std::optional<Frame>> NdjsonDecoder::next() {
  if (error_) return *error_;
  release();
  if (!buffer_.skip_bom(last_)) return std::optional<Frame>();
  if (scanned_ == 0) buffer_.skip_blanks();
  const std::string_view rest = buffer_.rest();
  if (rest.empty()) return std::optional<Frame>();
  std::size_t end = value_end(rest);
  if (std::min(end, rest.size()) > max_frame_bytes_) {
    error_ = too_large("a JSON line", max_frame_bytes_);
    return *error_;
  }
  if (end == JsonScan::npos) {
    if (!last_) return std::optional<Frame>();
    if (is_scannable(rest.front())) {
      error_ = cut_inside("a JSON value");
      return *error_;
    }
    end = rest.size();
  }
  given_ = end;
  scanned_ = 0;
  scan_ = {};
  return std::optional(Frame{.data = trim(rest.substr(0, end))});
}

// Where the value at the front of `rest` ends, or npos. A line end inside a string ends a value
// that is broken: what follows is whole again.
std::size_t NdjsonDecoder::value_end(std::string_view rest) {
  while (scanned_ < rest.size()) {
    const std::size_t line_end = rest.find('\n', scanned_);
    const std::string_view piece = rest.substr(scanned_, line_end - scanned_);
    if (is_scannable(rest.front())) {
      const std::size_t end = scan_.feed(piece);
      if (end != JsonScan::npos) return scanned_ + end;
      if (line_end != std::string_view::npos && scan_.in_string()) return line_end;
    } else if (line_end != std::string_view::npos) {
      return line_end;
    }
    scanned_ += piece.size() + (line_end != std::string_view::npos ? 1 : 0);
  }
  return JsonScan::npos;
}

}  // namespace ek::wire

#include "wire/json_array.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "wire/errors.hpp"

namespace ek::wire {

void JsonArrayDecoder::append(std::string_view bytes, bool last) {
  release();
  buffer_.append(bytes);
  last_ = last_ || last;
}

void JsonArrayDecoder::release() {
  buffer_.consume(given_);
  given_ = 0;
}

Result<std::optional<Frame>> JsonArrayDecoder::next() {
  if (error_) return *error_;
  release();
  Result<std::optional<Frame>> result = step();
  if (!result) error_ = result.error();
  return result;
}

Result<std::optional<Frame>> JsonArrayDecoder::step() {
  if (!buffer_.skip_bom(last_)) return std::optional<Frame>();
  while (state_ != State::in_value && state_ != State::lone_value) {
    buffer_.skip_blanks();
    const std::string_view rest = buffer_.rest();
    if (rest.empty()) {
      if (last_ && state_ != State::closed) return cut_inside("a JSON array");
      return std::optional<Frame>();
    }
    if (!read_mark(rest.front())) {
      return broken_framing(
          fmt::format("expected {}, found \"{}\"", expected(), excerpt(rest.substr(0, 1))));
    }
  }
  return read_value();
}

bool JsonArrayDecoder::read_mark(char c) noexcept {
  const bool opens_value = c != ',' && c != ']' && c != '}' && c != ':';
  if (state_ == State::before && c == '[') {
    state_ = State::first_value;
  } else if (state_ == State::before && is_scannable(c)) {
    state_ = State::lone_value;
    return true;
  } else if (c == ']' && (state_ == State::first_value || state_ == State::after_value)) {
    state_ = State::closed;
  } else if (c == ',' && state_ == State::after_value) {
    state_ = State::value;
  } else if (opens_value && (state_ == State::first_value || state_ == State::value)) {
    state_ = State::in_value;
    return true;
  } else {
    return false;
  }
  buffer_.consume(1);
  return true;
}

std::string_view JsonArrayDecoder::expected() const noexcept {
  switch (state_) {
    case State::before:
      return "a JSON array";
    case State::after_value:
      return "',' or ']' after an element of the JSON array";
    case State::closed:
      return "nothing after the JSON array";
    default:
      return "an element of the JSON array";
  }
}

Result<std::optional<Frame>> JsonArrayDecoder::read_value() {
  const std::string_view rest = buffer_.rest();
  const std::size_t end = value_end(rest);
  if (std::min(end, rest.size()) > max_frame_bytes_) {
    return too_large("an element of the JSON array", max_frame_bytes_);
  }
  if (end == JsonScan::npos) {
    if (last_) return cut_inside("a JSON array");
    return std::optional<Frame>();
  }
  given_ = end;
  scanned_ = 0;
  scan_ = {};
  const bool alone = state_ == State::lone_value;
  state_ = alone ? State::closed : State::after_value;
  return std::optional(Frame{.data = rest.substr(0, end), .unframed = alone});
}

std::size_t JsonArrayDecoder::value_end(std::string_view rest) {
  const std::size_t from = scanned_;
  scanned_ = rest.size();
  if (!is_scannable(rest.front())) return rest.find_first_of(",] \t\r\n", from);
  const std::size_t end = scan_.feed(rest.substr(from));
  return end == JsonScan::npos ? end : from + end;
}

}  // namespace ek::wire

// One JSON array whose elements are wanted as they come.
#pragma once

#include "base/rare_error.hpp"
#include "wire/buffer.hpp"
#include "wire/decoder.hpp"
#include "wire/json_scan.hpp"

namespace ek::wire {

/// Frames: each element of the array; a value that stands there instead of an array comes as one
/// `unframed` frame. A body that ends before the array is closed is `truncated`.
class JsonArrayDecoder final : public Decoder {
 public:
  explicit JsonArrayDecoder(std::size_t max_frame_bytes = std::size_t{64} << 20U)
      : max_frame_bytes_(max_frame_bytes) {}

  void append(std::string_view bytes, bool last) override;
  Result<std::optional<Frame>> next() override;
  /// The closing bracket came.
  [[nodiscard]] bool closed() const noexcept { return state_ == State::closed; }

 private:
  enum class State { before, first_value, value, in_value, after_value, lone_value, closed };

  Result<std::optional<Frame>> step();
  Result<std::optional<Frame>> read_value();
  std::size_t value_end(std::string_view rest);
  /// Moves on over one byte between values; false if it cannot stand there.
  bool read_mark(char c) noexcept;
  [[nodiscard]] std::string_view expected() const noexcept;
  void release();

  Buffer buffer_;
  JsonScan scan_;
  State state_ = State::before;
  std::size_t max_frame_bytes_;
  std::size_t scanned_ = 0;  // of the value under way
  std::size_t given_ = 0;    // bytes of the frame handed out last
  bool last_ = false;
  RareError error_;
};

}  // namespace ek::wire

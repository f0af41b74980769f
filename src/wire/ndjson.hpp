// One JSON value a line.
#pragma once

#include "base/rare_error.hpp"
#include "wire/buffer.hpp"
#include "wire/decoder.hpp"
#include "wire/json_scan.hpp"

namespace ek::wire {

/// Frames: each value. Blank lines are skipped; a last line without line end counts. Objects and
/// arrays may follow each other on one line and may spread over several, as some containers and
/// proxies print them; any other text is a frame by the line.
class NdjsonDecoder final : public Decoder {
 public:
  explicit NdjsonDecoder(std::size_t max_frame_bytes = std::size_t{64} << 20U)
      : max_frame_bytes_(max_frame_bytes) {}

  void append(std::string_view bytes, bool last) override;
  Result<std::optional<Frame>> next() override;

 private:
  std::size_t value_end(std::string_view rest);
  void release();

  Buffer buffer_;
  JsonScan scan_;
  std::size_t max_frame_bytes_;
  std::size_t scanned_ = 0;  // of the value under way
  std::size_t given_ = 0;    // bytes of the frame handed out last
  bool last_ = false;
  RareError error_;
};

}  // namespace ek::wire

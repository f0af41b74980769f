// A body that is one frame: an unstreamed answer.
#pragma once

#include <string>

#include "wire/decoder.hpp"

namespace ek::wire {

/// Frames: the whole body, once, after its last byte; also if it is empty.
class WholeBodyDecoder final : public Decoder {
 public:
  explicit WholeBodyDecoder(std::size_t max_frame_bytes = std::size_t{64} << 20U)
      : max_frame_bytes_(max_frame_bytes) {}

  void append(std::string_view bytes, bool last) override;
  Result<std::optional<Frame>> next() override;

 private:
  std::string body_;
  std::size_t max_frame_bytes_;
  bool too_large_ = false;
  bool last_ = false;
  bool given_ = false;
};

}  // namespace ek::wire

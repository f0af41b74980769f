// Raw text as some containers stream it: no framing at all.
#pragma once

#include "wire/buffer.hpp"
#include "wire/decoder.hpp"

namespace ek::wire {

/// Frames: what came since the last one. How the text is cut follows the network, but no UTF-8
/// character is cut; bytes that are no UTF-8 pass unchanged. A body that ends inside a character is
/// `truncated`.
class PlainTextDecoder final : public Decoder {
 public:
  void append(std::string_view bytes, bool last) override;
  Result<std::optional<Frame>> next() override;

 private:
  Buffer buffer_;
  std::size_t given_ = 0;
  bool last_ = false;
};

}  // namespace ek::wire

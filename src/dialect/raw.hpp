// Models that speak nothing we know: text in, text out.
//
// The request body is `extra` as it is, or, without it, the text of the last message of the user.
// An answer is its bytes; it is whole when its body ended properly.
#pragma once

#include "dialect/stream_base.hpp"

namespace ek::dialect {

Result<std::string> encode_raw(const ChatRequest& request);

class RawStream final : public FrameDecoder {
 public:
  Result<void> decode(const FrameView& frame, Events& out) override;
  [[nodiscard]] std::optional<Finished> finish() override;
};

}  // namespace ek::dialect

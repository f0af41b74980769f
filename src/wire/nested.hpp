// A framing inside an envelope: SSE in PayloadPart events, JSON lines in chunks.
#pragma once

#include <memory>

#include "wire/decoder.hpp"

namespace ek::wire {

/// The data of the outer decoder's frames, joined, is what the inner one decodes; the borders of
/// the outer frames mean nothing to it. Frames: the inner ones, and the outer's heartbeats and
/// unframed text. Errors: of both; an error of the outer comes after all that was whole before it,
/// and the end of the outer is the inner's end.
class NestedDecoder final : public Decoder {
 public:
  NestedDecoder(std::unique_ptr<Decoder> outer, std::unique_ptr<Decoder> inner)
      : outer_(std::move(outer)), inner_(std::move(inner)) {}

  void append(std::string_view bytes, bool last) override;
  Result<std::optional<Frame>> next() override;

 private:
  std::unique_ptr<Decoder> outer_;
  std::unique_ptr<Decoder> inner_;
  bool last_ = false;
  bool outer_over_ = false;
};

}  // namespace ek::wire

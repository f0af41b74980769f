// The generate API of text-generation-inference, and the token streams of LMI (DJL serving) that
// resemble it. Text only.
//
// The prompt: where the conversation is one message of the user, its text as it is. Else
//   SYSTEM TEXTS
//
//   User: TEXT
//   Assistant: TEXT
//   User: TEXT
//   Assistant:
// No model's own template is applied: a chat with a model that has one belongs to the openai
// dialect, which the same servers speak.
#pragma once

#include "dialect/stream_base.hpp"

namespace ek::dialect {

/// Errors besides the general ones: invalid_request for images, tools and tool results.
Result<std::string> encode_tgi(const ChatRequest& request, const EncodeHints& hints);

class TgiStream final : public FrameDecoder {
 public:
  Result<void> decode(const FrameView& frame, Events& out) override;
  [[nodiscard]] std::optional<Finished> finish() override;

 private:
  Result<void> read_object(JsonView object, Events& out);
  void read_token(JsonView token, Events& out);
  void read_outputs(JsonView outputs, Events& out);
  void read_generated_text(JsonView text, JsonView details, Events& out);
  Result<void> read_details(JsonView details, Events& out);

  bool ended_ = false;
  bool text_given_ = false;
};

}  // namespace ek::dialect

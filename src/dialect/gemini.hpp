// Gemini generateContent and streamGenerateContent.
//
// Every part goes back as it came: a thoughtSignature on its text, thought, call or image, and
// parts without a word in the vocabulary (executableCode, codeExecutionResult, audio) verbatim.
#pragma once

#include "dialect/gemini_arguments.hpp"
#include "dialect/stream_base.hpp"

namespace ek::dialect {

Result<std::string> encode_gemini(const ChatRequest& request, const EncodeHints& hints);

class GeminiStream final : public FrameDecoder {
 public:
  Result<void> decode(const FrameView& frame, Events& out) override;
  [[nodiscard]] std::optional<Finished> finish() override;

 private:
  bool read_member(std::string_view key, JsonView value, Events& out);
  void read_candidate(JsonView candidate, Events& out);
  void read_part(JsonView part, Events& out);
  void read_text(JsonView part, Events& out);
  void read_call(JsonView part, Events& out);
  void read_image(JsonView part, JsonView data, Events& out);
  void end_partial_call(Events& out);
  void read_usage(JsonView usage, Events& out);

  Notices notices_;
  UsageSnapshots snapshots_;
  Ends ends_;                                // of the candidates
  std::optional<PartialArguments> partial_;  // of the call that is under way, the last one
  int calls_ = 0;
  bool blocked_ = false;  // the prompt was
};

}  // namespace ek::dialect

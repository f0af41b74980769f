// OpenAI chat completions, as OpenAI, vLLM, TGI, LMI, SGLang, Mistral, DeepSeek, Groq,
// OpenRouter and others speak it; answers of legacy completions (choices[].text) are read too.
//
// Not said by this dialect: reasoning of earlier answers (no common member takes it back). An
// extra_content object, in which Google keeps thought signatures, is the `signature` of its
// text or tool call, as JSON text.
#pragma once

#include "base/rare_error.hpp"
#include "dialect/stream_base.hpp"
#include "dialect/text_memo.hpp"

namespace ek::dialect {

Result<std::string> encode_openai(const ChatRequest& request, const EncodeHints& hints);

class OpenAiStream final : public FrameDecoder {
 public:
  Result<void> decode(const FrameView& frame, Events& out) override;
  [[nodiscard]] std::optional<Finished> finish() override;
  [[nodiscard]] bool needs_content() const noexcept override { return true; }

 private:
  struct Call {
    std::optional<std::int64_t> wire_index;
    std::string id;
    std::string name;
    int number = -1;  // in our count; -1 until it was told of
  };

  Result<void> decode_value(JsonView value, Events& out);
  static Result<void> decode_other(std::string_view data, Events& out);
  void read_member(std::string_view key, JsonView value, Events& out);
  void read_choice(JsonView choice, std::int64_t position, Events& out);
  void read_message(JsonView message, Events& out);
  void read_choice_member(std::string_view key, JsonView value, Events& out);
  void read_delta(JsonView delta, Events& out);
  void read_delta_member(std::string_view key, JsonView value, Events& out);
  void read_thought(std::string text, Events& out);
  void read_text(std::string text, Events& out);
  void read_content(JsonView content, Events& out);
  void read_content_part(JsonView part, Events& out);
  void read_call(JsonView call, Events& out);
  void read_call_piece(Call& call, JsonView function, Events& out);
  Call& find_call(JsonView call);
  void read_usage(JsonView usage, Events& out);

  TextMemo memo_;
  std::string_view
      plain_content_;  // of the frame under way: inside of its content string, if that means itself
  Notices notices_;
  UsageSnapshots snapshots_;
  std::vector<Call> calls_;
  int calls_started_ = 0;
  Ends ends_;  // of the choices
  bool whole_ = false;
  bool deltas_ = false;  // something came in them
  bool thinks_ = false;  // the last piece of content was a thought
  RareError error_;
};

}  // namespace ek::dialect

// The one list of dialects.
#include <array>

#include "base/text.hpp"
#include "dialect/gemini.hpp"
#include "dialect/openai.hpp"
#include "dialect/raw.hpp"
#include "dialect/tgi.hpp"

namespace ek::dialect {
namespace {

using Encode = Result<std::string> (*)(const ChatRequest&, const EncodeHints&);

// A family of models: its name, what a whole answer of it is called, and its two directions.
template <class Stream>
class Family final : public Dialect {
 public:
  constexpr Family(std::string_view name, std::string_view answer, Encode encoder)
      : name_(name), answer_(answer), encode_(encoder) {}

  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  Result<std::string> encode(const ChatRequest& request, const EncodeHints& hints) const override {
    return encode_(request, hints);
  }
  Result<ChatReply> decode_reply(std::string_view body) const override {
    Stream stream;
    return decode_whole(stream, body, answer_);
  }
  std::unique_ptr<StreamDecoder> make_stream_decoder() const override {
    return std::make_unique<Stream>();
  }

 private:
  std::string_view name_;
  std::string_view answer_;
  Encode encode_;
};

struct Entry {
  const Dialect* dialect;
  std::array<std::string_view, 2> other_names;
};

std::array<Entry, 4> all() noexcept {
  static const Family<OpenAiStream> openai{"openai", "a chat.completion", encode_openai};
  static const Family<GeminiStream> gemini{"gemini", "a GenerateContentResponse", encode_gemini};
  static const Family<TgiStream> tgi{"tgi", "an object with generated_text", encode_tgi};
  static const Family<RawStream> raw{
      "raw", "text",
      [](const ChatRequest& request, const EncodeHints&) { return encode_raw(request); }};
  return {{{&openai, {"openai-chat", "openai-completions"}},
           {&gemini, {"gemini-generate-content", ""}},
           {&tgi, {"tgi-generate", ""}},
           {&raw, {"", ""}}}};
}

bool has_any(JsonView object, std::initializer_list<std::string_view> keys) {
  for (const auto key : keys) {
    if (!object[key].is(JsonView::Kind::absent)) return true;
  }
  return false;
}

bool begins_object(std::string_view text) noexcept {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return trim(text).starts_with('{');
}

}  // namespace

const Dialect* find(std::string_view name) noexcept {
  if (name.empty()) return nullptr;
  for (const Entry& entry : all()) {
    if (name == entry.dialect->name()) return entry.dialect;
    for (const auto other : entry.other_names) {
      if (name == other) return entry.dialect;
    }
  }
  return nullptr;
}

std::string names() {
  std::string text;
  for (const Entry& entry : all()) {
    if (!text.empty()) text += ", ";
    text += entry.dialect->name();
  }
  return text;
}

std::string_view detect(std::string_view first_frame) {
  if (trim(first_frame) == "[DONE]") return "openai";
  std::string copy;
  const auto parsed = parse_frame(first_frame, copy);
  // A broken object is no text of a model, whichever dialect it was.
  const bool broken = (!parsed || !copy.empty()) && begins_object(first_frame);
  const std::string_view otherwise = broken ? "openai" : "raw";
  if (!parsed) return otherwise;
  const JsonView first = *parsed->elements().begin();  // absent, if there is none
  const JsonView value = first.is(JsonView::Kind::absent) ? *parsed : first;
  if (has_any(value, {"choices", "prompt_filter_results"})) return "openai";
  if (has_any(value, {"candidates", "promptFeedback", "usageMetadata", "modelVersion"})) {
    return "gemini";
  }
  if (has_any(value, {"token", "generated_text", "outputs", "error_type"})) return "tgi";
  const JsonView error = value["error"];
  if (error["status"].is(JsonView::Kind::string)) return "gemini";
  if (error.has_value() || value["object"].equals("error")) return "openai";
  return otherwise;
}

}  // namespace ek::dialect

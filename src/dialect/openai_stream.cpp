#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "dialect/openai.hpp"

namespace ek::dialect {
namespace {

using Kind = JsonView::Kind;

constexpr std::string_view kDone = "[DONE]";
// Pieces go to one of so many calls, the latest: each new call is compared with all of them.
constexpr std::size_t kOpenCalls = 1024;

FinishReason reason_of(std::string_view name, bool with_calls) {
  if (name == "stop" || name == "eos" || name == "eos_token" || name == "end_turn" ||
      name == "stop_sequence") {
    // A forced call ends with "stop" too.
    return with_calls ? FinishReason::tool_calls : FinishReason::stop;
  }
  if (name == "length" || name == "max_tokens" || name == "model_length") {
    return FinishReason::length;
  }
  if (name == "tool_calls" || name == "function_call") return FinishReason::tool_calls;
  // Gemini behind this dialect: "content_filter: RECITATION".
  if (name.starts_with("content_filter")) return FinishReason::content_filter;
  return FinishReason::other;
}

// While an answer goes on SGLang and Ollama send "", KoboldCpp "null".
std::string end_reason(JsonView value) {
  std::string name = value.string();
  return name == "null" ? std::string() : name;
}

// Mistral: {"type":"thinking","thinking":[{"type":"text","text":…}] or "…"}.
std::string thinking_text(JsonView thinking) {
  std::string text = thinking.string();
  for (const JsonView part : thinking.elements()) text += part["text"].string();
  return text;
}

void push_refusal(Events& out, JsonView refusal) {
  if (refusal.string().empty()) return;
  ObjectText json;
  json.set("refusal", std::string(refusal.text()));
  push(out, ProviderEvent{"refusal", {json.text()}, true, "openai"});
}

// Several words, since one may be what was spoilt.
bool was_a_piece(std::string_view broken) noexcept {
  constexpr std::array<std::string_view, 3> marks = {"\"choices\"", "\"delta\"",
                                                     "\"chat.completion"};
  return std::any_of(marks.begin(), marks.end(), [&](std::string_view mark) {
    return broken.find(mark) != std::string_view::npos;
  });
}

}  // namespace

Result<void> OpenAiStream::decode(const FrameView& frame, Events& out) {
  const std::string_view data = trim(frame.data);
  if (data.empty()) return {};
  if (data == kDone) {
    done_ = true;
    return {};
  }
  if (frame.type == "error") return error_event(data);
  if (const auto text = thinks_ ? std::nullopt : memo_.match(data)) {
    push_text(out, std::string(*text));
    return {};
  }
  std::string copy;
  const auto value = parse_frame(data, copy);
  if (!value) return decode_other(data, out);
  const std::size_t before = out.size();
  plain_content_ = {};
  auto decoded = decode_value(*value, out);
  const bool text_alone = out.size() == before + 1 && out.back().text() == plain_content_;
  if (decoded && text_alone && !plain_content_.empty()) memo_.learn(value->text(), plain_content_);
  return decoded;
}

// Servers print lines of their own among the frames, which other clients pass over; here they are
// at least told of. A frame that was a piece of the answer leaves a gap, and no good end hides it.
Result<void> OpenAiStream::decode_other(std::string_view data, Events& out) {
  if (was_a_piece(data)) return unexpected_frame("JSON of a chat.completion.chunk", data);
  push(out, ProviderEvent{"unparsable", {quote(data)}, false, {}});
  return {};
}

Result<void> OpenAiStream::decode_value(JsonView value, Events& out) {
  bool chunk = false;
  bool error = false;
  for (const auto& [key, member] : value.members()) {
    chunk = chunk || key == "choices";
    error = error || (key == "error" && member.has_value());
    read_member(key, member, out);
  }
  recognised_ = recognised_ || chunk;
  if (!chunk || error) {
    if (auto told = parse_error(value.text(), 0)) return *std::move(told);
  }
  if (error_) return *error_;
  return {};
}

void OpenAiStream::read_member(std::string_view key, JsonView value, Events& out) {
  if (key == "choices") {
    std::int64_t position = 0;
    for (const JsonView choice : value.elements()) read_choice(choice, position++, out);
  } else if (key == "usage") {
    read_usage(value, out);
  } else if (key == "id" || key == "model") {
    // The first chunk of hosts with a content filter has them empty.
    if (std::string text = value.string(); !text.empty())
      (key == "id" ? id_ : model_) = std::move(text);
  } else if (key != "object" && key != "created" && key != "obfuscation" && key != "error") {
    notices_.push_change(out, key, value);
  }
}

void OpenAiStream::read_choice(JsonView choice, std::int64_t position, Events& out) {
  std::int64_t index = position;
  bool ends = false;
  // MiniMax repeats all in the message of a last chunk, Perplexity in each, beside the delta.
  bool repeats = deltas_;
  for (const auto& [key, value] : choice.members()) {
    if (key == "index") index = value.integer().value_or(position);
    ends = ends || (key == "finish_reason" && !end_reason(value).empty());
    repeats = repeats || (key == "delta" && value.has_value());
  }
  ends_.note(index, ends);
  if (index != 0) {
    push_notice(out, "choice", choice);
    return;
  }
  for (const auto& [key, value] : choice.members()) {
    if (key == "message") {
      if (!repeats) read_message(value, out);
    } else {
      read_choice_member(key, value, out);
    }
  }
}

void OpenAiStream::read_message(JsonView message, Events& out) {
  whole_ = whole_ || message.has_value();
  read_delta(message, out);
}

void OpenAiStream::read_choice_member(std::string_view key, JsonView value, Events& out) {
  if (key == "delta") {
    const std::size_t before = out.size();
    read_delta(value, out);
    deltas_ = deltas_ || out.size() > before;
  } else if (key == "text") {
    push_text(out, value.string());
  } else if (key == "finish_reason") {
    if (std::string name = end_reason(value); !name.empty()) reason_ = std::move(name);
  } else if (key == "error") {
    if (value.has_value() && !error_) {
      ObjectText object;
      error_ = error_event(object.set("error", std::string(value.text())).text());
    }
  } else if (key != "index") {
    push_notice(out, key, value);
  }
}

// What was thought comes before what is said, however the members stand. Some servers send the same
// piece of it under both names.
void OpenAiStream::read_delta(JsonView delta, Events& out) {
  const std::string reasoning = delta["reasoning_content"].string();
  push_reasoning(out, reasoning.empty() ? delta["reasoning"].string() : reasoning);
  const bool thought = delta["extra_content"]["google"]["thought"].is_true();
  for (const auto& [key, value] : delta.members()) {
    if (key == "reasoning_content" || key == "reasoning") continue;
    if (thought && key == "content") {
      read_thought(value.string(), out);
    } else if (!thought || key != "extra_content") {
      read_delta_member(key, value, out);
    }
  }
}

// Gemini behind this dialect marks its thoughts, and has tags around them besides.
void OpenAiStream::read_thought(std::string text, Events& out) {
  constexpr std::string_view tag = "<thought>";
  if (!std::exchange(thinks_, true) && text.starts_with(tag)) text.erase(0, tag.size());
  push_reasoning(out, std::move(text));
}

void OpenAiStream::read_text(std::string text, Events& out) {
  if (text.empty()) return;
  constexpr std::string_view tag = "</thought>";
  if (std::exchange(thinks_, false) && text.starts_with(tag)) text.erase(0, tag.size());
  push_text(out, std::move(text));
}

void OpenAiStream::read_delta_member(std::string_view key, JsonView value, Events& out) {
  if (key == "content") {
    read_content(value, out);
  } else if (key == "refusal") {
    push_refusal(out, value);
  } else if (key == "tool_calls") {
    if (value.is(Kind::object)) read_call(value, out);  // TGI before 3.1
    for (const JsonView call : value.elements()) read_call(call, out);
  } else if (key == "function_call") {
    if (!value.has_value()) return;
    if (calls_.empty()) calls_.emplace_back();
    read_call_piece(calls_.front(), value, out);
  } else if (key == "extra_content") {
    if (!value.is(Kind::object)) return;
    push(out, SignatureDelta{SignatureDelta::Of::text, 0, std::string(value.text())});
  } else if (key == "images") {
    for (const JsonView part : value.elements()) read_content_part(part, out);
  } else if (key != "role") {
    push_notice(out, key, value);
  }
}

void OpenAiStream::read_content(JsonView content, Events& out) {
  if (content.is(Kind::string)) {
    const std::string_view inside = content.text().substr(1, content.text().size() - 2);
    if (inside.find('\\') == std::string_view::npos) plain_content_ = inside;
    read_text(content.string(), out);
  }
  for (const JsonView part : content.elements()) read_content_part(part, out);
}

void OpenAiStream::read_content_part(JsonView part, Events& out) {
  const std::string type = part["type"].string();
  if (type == "text") {
    push_text(out, part["text"].string());
  } else if (type == "thinking") {
    push_reasoning(out, thinking_text(part["thinking"]));
  } else if (type == "refusal") {
    push_refusal(out, part["refusal"]);
  } else if (type == "image_url") {
    push(out, ImageOutput{image_from_url(part["image_url"]["url"].string())});
  } else {
    push(out, ProviderEvent{type, {std::string(part.text())}, true, "openai"});
  }
}

// Calls are told apart by their index on the wire, not by their place in the chunk. A new id under
// a known index is a new call if it has a name (Ollama numbers all of them 0; SGLang has been seen
// to make an id for each piece), and where no index is sent, an id or a name that is new opens one.
OpenAiStream::Call& OpenAiStream::find_call(JsonView call) {
  const auto wire_index = call["index"].integer();
  const std::string id = call["id"].string();
  const bool named = !call["function"]["name"].string().empty();
  const auto same = [&](const Call& known) {
    if (wire_index && known.wire_index != wire_index) return false;
    return id.empty() || known.id.empty() || known.id == id || (wire_index && !named);
  };
  const bool opens = !wire_index && id.empty() && named;
  const auto end =
      calls_.rbegin() + static_cast<std::ptrdiff_t>(std::min(calls_.size(), kOpenCalls));
  const auto known = opens ? end : std::find_if(calls_.rbegin(), end, same);
  if (known != end) return *known;
  return calls_.emplace_back(Call{wire_index, id, {}, -1});
}

void OpenAiStream::read_call(JsonView piece, Events& out) {
  Call& call = find_call(piece);
  if (call.id.empty()) call.id = piece["id"].string();
  const JsonView function = piece["function"];
  read_call_piece(call, function.has_value() ? function : piece["custom"], out);
  const JsonView extra = piece["extra_content"];
  if (extra.is(Kind::object) && call.number >= 0) {
    push(out,
         SignatureDelta{SignatureDelta::Of::tool_call, call.number, std::string(extra.text())});
  }
}

void OpenAiStream::read_call_piece(Call& call, JsonView function, Events& out) {
  if (call.name.empty()) call.name = function["name"].string();
  JsonView sent = function["arguments"];
  if (!sent.has_value()) sent = function["input"];
  std::string arguments = sent.is(Kind::object) ? std::string(sent.text()) : sent.string();
  if (call.number < 0) {
    if (call.name.empty() && arguments.empty()) return;
    call.number = calls_started_++;
    push(out, ToolCallStarted{call.number, call.id, call.name});
  }
  if (!arguments.empty()) push(out, ToolCallDelta{call.number, std::move(arguments)});
}

void OpenAiStream::read_usage(JsonView usage, Events& out) {
  if (!snapshots_.update(usage)) return;
  usage_ = {.raw = {snapshots_.text()}};
  std::optional<std::int64_t> cache_hits;  // DeepSeek
  std::optional<std::int64_t> thought;     // SGLang
  for (const auto& [key, value] : snapshots_.object().members()) {
    if (key == "prompt_tokens") usage_.input_tokens = value.integer();
    if (key == "completion_tokens") usage_.output_tokens = value.integer();
    if (key == "total_tokens") usage_.total_tokens = value.integer();
    if (key == "completion_tokens_details")
      usage_.reasoning_tokens = value["reasoning_tokens"].integer();
    if (key == "prompt_tokens_details") usage_.cache_read_tokens = value["cached_tokens"].integer();
    if (key == "prompt_cache_hit_tokens") cache_hits = value.integer();
    if (key == "reasoning_tokens") thought = value.integer();
  }
  if (!usage_.reasoning_tokens) usage_.reasoning_tokens = thought;
  if (!usage_.cache_read_tokens) usage_.cache_read_tokens = cache_hits;
  push(out, UsageUpdate{usage_});
}

std::optional<Finished> OpenAiStream::finish() {
  if (!done_ && !ends_.all() && !whole_) return std::nullopt;
  return Finished{reason_of(reason_, calls_started_ > 0), reason_, usage_};
}

}  // namespace ek::dialect

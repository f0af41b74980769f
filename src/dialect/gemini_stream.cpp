#include <algorithm>
#include <array>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "dialect/gemini.hpp"

namespace ek::dialect {
namespace {

using Kind = JsonView::Kind;

// Enums come as names, or as their numbers where the server was asked for that ($alt=json;enum…).
FinishReason reason_of(std::string_view name, bool with_calls) {
  if (name == "STOP" || name == "1") {
    return with_calls ? FinishReason::tool_calls : FinishReason::stop;
  }
  if (name == "MAX_TOKENS" || name == "2") return FinishReason::length;
  constexpr std::array<std::string_view, 13> filters = {"SAFETY",
                                                        "RECITATION",
                                                        "BLOCKLIST",
                                                        "PROHIBITED_CONTENT",
                                                        "SPII",
                                                        "MODEL_ARMOR",
                                                        "IMAGE_SAFETY",
                                                        "IMAGE_PROHIBITED_CONTENT",
                                                        "IMAGE_RECITATION",
                                                        "3",
                                                        "4",
                                                        "7",
                                                        "8"};
  if (std::find(filters.begin(), filters.end(), name) != filters.end()) {
    return FinishReason::content_filter;
  }
  return FinishReason::other;
}

std::string word_or_number(JsonView value) {
  return value.is(Kind::number) ? std::string(value.text()) : value.string();
}

// The member of a part that says something besides its text; absent if there is none.
JsonMember other_member(JsonView part) {
  for (const JsonMember& member : part.members()) {
    if (member.key != "text" && member.key != "thought" && member.key != "thoughtSignature")
      return member;
  }
  return {};
}

}  // namespace

Result<void> GeminiStream::decode(const FrameView& frame, Events& out) {
  const std::string_view data = trim(frame.data);
  if (data.empty()) return {};
  if (data == "[DONE]") {  // proxies add it
    done_ = finish().has_value();
    return {};
  }
  std::string copy;
  const auto parsed = parse_frame(data, copy);
  if (!parsed) return unexpected_frame("JSON of a GenerateContentResponse", data);
  const JsonView value = parsed->unwrapped();
  bool known = false;
  for (const auto& [key, member] : value.members()) known = read_member(key, member, out) || known;
  recognised_ = recognised_ || known;
  if (!known || value["error"].has_value()) {
    if (auto told = parse_error(parsed->text(), 0)) return *std::move(told);
    if (!known) return unexpected_frame("a GenerateContentResponse", data);
  }
  return {};
}

bool GeminiStream::read_member(std::string_view key, JsonView value, Events& out) {
  if (key == "candidates") {
    for (const JsonView candidate : value.elements()) {
      const auto index = candidate["index"].integer().value_or(0);
      ends_.note(index, candidate["finishReason"].has_value());
      if (index == 0) {
        read_candidate(candidate, out);
      } else {
        push_notice(out, "candidate", candidate);
      }
    }
  } else if (key == "usageMetadata") {
    read_usage(value, out);
  } else if (key == "promptFeedback") {
    if (value["blockReason"].has_value()) {
      blocked_ = true;
      reason_ = word_or_number(value["blockReason"]);
    }
    // Even an empty one tells that the prompt was looked at.
    push(out, ProviderEvent{std::string(key), {std::string(value.text())}, false, {}});
  } else if (key == "responseId") {
    id_ = value.string();
  } else if (key == "modelVersion") {
    model_ = value.string();
  } else {
    if (key != "createTime" && key != "error") notices_.push_change(out, key, value);
    return false;
  }
  return true;
}

void GeminiStream::read_candidate(JsonView candidate, Events& out) {
  const JsonView reason = candidate["finishReason"];
  for (const auto& [key, value] : candidate.members()) {
    if (key == "content") {
      for (const JsonView part : value["parts"].elements()) read_part(part, out);
    } else if (key == "safetyRatings") {
      notices_.push_change(out, key, value);  // the same in every frame, as a rule
    } else if (key != "finishReason" && key != "index") {
      push_notice(out, key, value);
    }
  }
  if (!reason.has_value()) return;
  end_partial_call(out);
  if (std::string name = word_or_number(reason); name != "FINISH_REASON_UNSPECIFIED") {
    reason_ = std::move(name);
  }
}

void GeminiStream::read_part(JsonView part, Events& out) {
  if (part["functionCall"].has_value()) return read_call(part, out);
  const JsonView data = part["inlineData"];
  const JsonView file = part["fileData"];
  const JsonView media = data.has_value() ? data : file;
  if (media["mimeType"].string().rfind("image/", 0) == 0) return read_image(part, media, out);
  const JsonMember other = other_member(part);
  if (other.value.is(Kind::absent)) return read_text(part, out);
  if (part["text"].is(Kind::string)) {
    read_text(part, out);
    push_notice(out, other.key, other.value);
    return;
  }
  push(out, ProviderEvent{std::string(other.key), {std::string(part.text())}, true, "gemini"});
}

void GeminiStream::read_text(JsonView part, Events& out) {
  const bool thought = part["thought"].is_true();
  if (thought) {
    push_reasoning(out, part["text"].string());
  } else {
    push_text(out, part["text"].string());
  }
  // Often on a part of empty text near the end.
  if (std::string signature = part["thoughtSignature"].string(); !signature.empty()) {
    using Of = SignatureDelta::Of;
    push(out, SignatureDelta{thought ? Of::reasoning : Of::text, 0, std::move(signature)});
  }
}

void GeminiStream::read_image(JsonView part, JsonView media, Events& out) {
  std::string url = media["fileUri"].string();
  auto bytes = base64_decode(media["data"].string());
  if (!bytes || (bytes->empty() && url.empty())) {
    push(out, ProviderEvent{"inlineData", {std::string(part.text())}, true, "gemini"});
    return;
  }
  push(out, ImageOutput{{media["mimeType"].string(), *std::move(bytes), std::move(url), {}}});
  if (std::string signature = part["thoughtSignature"].string(); !signature.empty()) {
    push(out, SignatureDelta{SignatureDelta::Of::image, 0, std::move(signature)});
  }
}

// A call is whole in one part, or begins with a name and willContinue, goes on in parts without a
// name, and ends with the first that does not say willContinue.
void GeminiStream::read_call(JsonView part, Events& out) {
  const JsonView call = part["functionCall"];
  const std::string name = call["name"].string();
  if (!name.empty()) {
    end_partial_call(out);
    push(out, ToolCallStarted{calls_++, call["id"].string(), name});
  }
  const int index = calls_ - 1;
  if (std::string signature = part["thoughtSignature"].string(); !signature.empty() && index >= 0) {
    push(out, SignatureDelta{SignatureDelta::Of::tool_call, index, std::move(signature)});
  }
  const JsonView pieces = call["partialArgs"];
  const bool continues = call["willContinue"].is_true();
  if (!partial_ && (continues || pieces.has_value()) && index >= 0) partial_.emplace();
  push_notice(out, "partialArgs", pieces);
  if (partial_) {
    for (const JsonView piece : pieces.elements()) partial_->add(piece);
  }
  if (call["args"].is(Kind::object) && index >= 0) {
    partial_.reset();
    push(out, ToolCallDelta{index, std::string(call["args"].text())});
  } else if (!continues) {
    end_partial_call(out);
  }
}

void GeminiStream::end_partial_call(Events& out) {
  if (!partial_) return;
  push(out, ToolCallDelta{calls_ - 1, partial_->text()});
  partial_.reset();
}

void GeminiStream::read_usage(JsonView usage, Events& out) {
  if (!snapshots_.update(usage)) return;
  const JsonView all = snapshots_.object();
  const auto thoughts = all["thoughtsTokenCount"].integer();
  usage_.input_tokens = all["promptTokenCount"].integer();
  usage_.output_tokens = all["candidatesTokenCount"].integer();  // thoughts not counted in
  if (thoughts) usage_.output_tokens = usage_.output_tokens.value_or(0) + *thoughts;
  usage_.total_tokens = all["totalTokenCount"].integer();
  usage_.reasoning_tokens = thoughts;
  usage_.cache_read_tokens = all["cachedContentTokenCount"].integer();
  usage_.raw.text = snapshots_.text();
  push(out, UsageUpdate{usage_});
}

// There is no end marker: a clean end is the end of the body after a finishReason or a block.
std::optional<Finished> GeminiStream::finish() {
  if (blocked_) return Finished{FinishReason::content_filter, reason_, usage_};
  if (reason_.empty() || !ends_.all()) return std::nullopt;
  return Finished{reason_of(reason_, calls_ > 0), reason_, usage_};
}

}  // namespace ek::dialect

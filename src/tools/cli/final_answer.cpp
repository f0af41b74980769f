#include "tools/cli/final_answer.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "dialect/json_build.hpp"
#include "signing/crypto/sha256.hpp"

namespace ek::cli {
namespace {

using dialect::ArrayText;
using dialect::JsonView;
using dialect::ObjectText;
using dialect::quote;
using Kind = JsonView::Kind;

JsonView view_of(const std::string& json) { return JsonView::parse(json).value_or(JsonView()); }

void add_once(std::vector<std::string>& all, std::string text) {
  if (std::find(all.begin(), all.end(), text) == all.end()) all.push_back(std::move(text));
}

std::string strings(const std::vector<std::string>& all) {
  ArrayText array;
  for (const auto& text : all) array.add_string(text);
  return array.text();
}

std::string values(const std::vector<std::string>& all) {
  ArrayText array;
  for (const auto& json : all) array.add(json);
  return array.text();
}

std::string image_text(const Image& image) {
  ObjectText object;
  object.set_string("mime_type", image.mime_type);
  if (!image.url.empty()) return object.set_string("url", image.url).text();
  object.set_integer("bytes", static_cast<std::int64_t>(image.bytes.size()));
  const Digest digest = Sha256().hash(image.bytes);
  return object.set_string("sha256", to_hex(view(digest))).text();
}

std::string call_text(const ToolCall& call) {
  ObjectText object;
  if (!call.id.empty()) object.set_string("id", call.id);
  object.set_string("name", call.name);
  if (JsonView::parse(call.arguments.text)) {
    object.set("arguments", call.arguments.text);
  } else {
    object.set_string("arguments_raw", call.arguments.text);
  }
  return object.text();
}

// Enums may have come as numbers.
std::string reason_text(const std::string& reason) {
  if (reason.empty()) return "null";
  const bool digits = reason.find_first_not_of("0123456789") == std::string::npos;
  return digits ? reason : quote(reason);
}

// The counts; of the objects that split one up, what is not nothing.
std::string usage_text(const std::string& raw) {
  if (raw.empty()) return "null";
  ObjectText counts;
  for (const auto& [key, value] : view_of(raw).members()) {
    if (value.is(Kind::object)) {
      ObjectText part;
      for (const auto name : {"reasoning_tokens", "cached_tokens"}) {
        if (const auto count = value[name].integer(); count.value_or(0) != 0) {
          part.set_integer(name, *count);
        }
      }
      if (!part.empty()) counts.set(key, part.text());
    } else if ((value.is(Kind::number) && value.integer()) || value.is(Kind::boolean) ||
               value.is(Kind::null)) {
      counts.set(key, std::string(value.text()));
    }
  }
  return counts.text();
}

void set_answer(ObjectText& object, const ChatReply& reply, bool prompt_blocked) {
  std::string reasoning;
  bool reasoned = false;
  for (const Part& part : reply.message.parts) {
    if (const auto* piece = std::get_if<Reasoning>(&part)) {
      reasoned = reasoned || !piece->text.empty();
      reasoning += piece->text;
    }
  }
  ArrayText calls;
  for (const ToolCall& call : reply.tool_calls()) calls.add(call_text(call));
  object.set_string("text", reply.text());
  object.set("reasoning", reasoned ? quote(reasoning) : "null");
  object.set("tool_calls", calls.text());
  object.set("finish_reason", prompt_blocked ? "null" : reason_text(reply.provider_reason));
}

// An error object of the provider; an exception of an envelope is its payload and its type.
std::string error_text(const Error& error) {
  const JsonView body = view_of(error.provider_body).unwrapped();
  if (body["error"].has_value()) return std::string(body["error"].text());
  ObjectText object;
  if (!error.provider_code.empty()) object.set_string("type", error.provider_code);
  object.merge(body);
  if (!object.empty()) return object.text();
  return object.set_string("code", to_string(error.code))
      .set_string("phase", to_string(error.phase))
      .set_string("message", error.message)
      .text();
}

}  // namespace

void FinalAnswer::add(const ChatEvent& event) {
  if (event.get_if<Finished>() != nullptr) complete_ = true;
  if (event.get_if<SignatureDelta>() != nullptr) ++signatures_;
  if (const auto* output = event.get_if<ImageOutput>()) {
    images_.push_back(image_text(output->image));
  }
  if (const auto* provider = event.get_if<ProviderEvent>()) add_provider(*provider);
}

void FinalAnswer::add_provider(const ProviderEvent& event) {
  const std::string& json = event.json.text;
  if (event.part) return add_part(event);
  if (event.name == "choice") return add_choice(json);
  if (event.name == "content_filter_results") return add_filtered(json);
  if (event.name == "safetyRatings") return add_blocked(json);
  if (event.name == "citationMetadata") return add_citations(json);
  if (event.name == "prompt_filter_results") plain_[event.name] = "true";
  if (event.name == "generated_text") plain_[event.name] = json;
  if (event.name == "finishMessage") plain_["finish_message"] = json;
  if (event.name == "groundingMetadata") plain_["grounding"] = "true";
  if (event.name == "urlContextMetadata") plain_["url_context"] = "true";
  if (event.name == "partialArgs") plain_["streamed_arguments"] = "true";
  if (event.name != "promptFeedback") return;
  ObjectText feedback;
  for (const auto name : {"blockReason", "blockReasonMessage"}) {
    const JsonView value = view_of(json)[name];
    if (value.has_value()) feedback.set(name, std::string(value.text()));
  }
  prompt_blocked_ = view_of(json)["blockReason"].has_value();
  plain_["prompt_feedback"] = feedback.text();
}

void FinalAnswer::add_part(const ProviderEvent& event) {
  const JsonView part = view_of(event.json.text);
  if (part["thoughtSignature"].has_value()) ++signatures_;
  if (event.name == "refusal") refusal_ += part["refusal"].string();
  if (event.name == "executableCode") code_.emplace_back(part[event.name].text());
  if (event.name == "codeExecutionResult") code_results_.emplace_back(part[event.name].text());
}

// A further choice is decoded as if it were the only one.
void FinalAnswer::add_choice(const std::string& json) {
  const JsonView piece = view_of(json);
  Choice& choice = choices_[piece["index"].integer().value_or(0)];
  if (choice.decoder == nullptr) choice.decoder = dialect::find("openai")->make_stream_decoder();
  ObjectText alone;
  alone.merge(piece).set("index", "0");
  const std::string frame = "{\"choices\":[" + alone.text() + "]}";
  std::vector<ChatEvent> events;
  if (!choice.decoder->decode({frame, {}}, events)) return;
  for (const ChatEvent& event : events) choice.builder.add(event);
  choice.builder.set_provider_reason(choice.decoder->provider_reason());
}

void FinalAnswer::add_filtered(const std::string& json) {
  for (const auto& [category, result] : view_of(json).members()) {
    if (result["filtered"].is_true()) add_once(filtered_, std::string(category));
  }
}

void FinalAnswer::add_blocked(const std::string& json) {
  for (const JsonView rating : view_of(json).elements()) {
    if (rating["blocked"].is_true()) add_once(blocked_, rating["category"].string());
  }
}

void FinalAnswer::add_citations(const std::string& json) {
  for (const auto name : {"citations", "citationSources"}) {
    for ([[maybe_unused]] const JsonView citation : view_of(json)[name].elements()) ++citations_;
  }
}

std::string FinalAnswer::text(const ChatReply& reply, const Error* error) const {
  ObjectText object;
  if (choices_.empty()) {
    set_answer(object, reply, prompt_blocked_);
  } else {
    ObjectText first;
    set_answer(first.set_integer("index", 0), reply, prompt_blocked_);
    ArrayText choices;
    choices.add(first.text());
    for (const auto& [index, choice] : choices_) {
      ObjectText other;
      set_answer(other.set_integer("index", index), choice.builder.reply(), false);
      choices.add(other.text());
    }
    object.set("choices", choices.text());
  }
  object.set("usage", usage_text(reply.usage.raw.text));
  if (!reply.model.empty()) object.set_string("model", reply.model);
  if (!refusal_.empty()) object.set_string("refusal", refusal_);
  if (!images_.empty()) object.set("images", values(images_));
  if (!filtered_.empty()) object.set("content_filtered", strings(filtered_));
  if (!blocked_.empty()) object.set("safety_blocked", strings(blocked_));
  if (!code_.empty()) object.set("code", values(code_));
  if (!code_results_.empty()) object.set("code_results", values(code_results_));
  if (citations_ > 0) object.set_integer("citations", citations_);
  if (signatures_ > 0) object.set_integer("thought_signatures", signatures_);
  for (const auto& [name, json] : plain_) object.set(name, json);
  object.set_bool("complete", complete_ && error == nullptr);
  if (error != nullptr) object.set("error", error_text(*error));
  return dialect::compact(object.text());
}

}  // namespace ek::cli

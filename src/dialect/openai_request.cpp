#include <fmt/format.h>

#include <algorithm>

#include "base/base64.hpp"
#include "dialect/openai.hpp"
#include "dialect/request_text.hpp"

namespace ek::dialect {
namespace {

using Kind = JsonView::Kind;

std::string role_name(Role role) {
  switch (role) {
    case Role::system:
      return "system";
    case Role::assistant:
      return "assistant";
    default:
      return "user";
  }
}

std::string image_part(const Image& image) {
  const std::string url = image.url.empty()
                              ? "data:" + image.mime_type + ";base64," + base64_encode(image.bytes)
                              : image.url;
  ObjectText part;
  part.set_string("type", "image_url");
  part.set("image_url", ObjectText().set_string("url", url).text());
  return part.text();
}

std::string text_part(const std::string& text) {
  return ObjectText().set_string("type", "text").set_string("text", text).text();
}

std::string call_text(const ToolCall& call) {
  ObjectText function;
  function.set_string("name", call.name).set_string("arguments", call.arguments.text);
  ObjectText object;
  object.set_string("id", call.id).set_string("type", "function").set("function", function.text());
  if (const auto extra = JsonView::parse(call.signature); extra && extra->is(Kind::object)) {
    object.set("extra_content", call.signature);
  }
  return object.text();
}

// One message of ours, taken apart into what a message on the wire consists of.
struct Pieces {
  const std::string* alone = nullptr;  // the text that is all of the content …
  ArrayText content;                   // … or its parts
  std::string refusal;
  ArrayText calls;
  std::string extra_content;

  void operator()(const Text& part) {
    if (const auto extra = JsonView::parse(part.signature); extra && extra->is(Kind::object)) {
      extra_content = part.signature;
    }
    if (part.text.empty()) return;
    if (alone == nullptr && content.empty()) {
      alone = &part.text;
    } else {
      add(text_part(part.text));
    }
  }
  void operator()(const Image& image) { add(image_part(image)); }
  void operator()(const Reasoning&) {}
  void operator()(const ToolCall& call) { calls.add(call_text(call)); }
  void operator()(const ToolResult&) {}  // a message of its own
  void operator()(const ProviderPart& part) {
    if (part.dialect != "openai") return;
    const auto json = JsonView::parse(part.json.text);
    if (!json) return;
    if (!(*json)["type"].has_value()) {
      refusal += (*json)["refusal"].string();
    } else {
      add(json->text());
    }
  }
  void add(std::string_view part) {
    if (alone != nullptr) content.add(text_part(*std::exchange(alone, nullptr)));
    content.add(part);
  }

  [[nodiscard]] std::string content_text() const {
    if (alone != nullptr) return quote(*alone);
    if (!content.empty()) return content.text();
    return calls.empty() && refusal.empty() ? "\"\"" : "null";
  }
};

void add_results(const Message& message, ArrayText& messages) {
  for (const Part& part : message.parts) {
    const auto* result = std::get_if<ToolResult>(&part);
    if (result == nullptr) continue;
    messages.add(ObjectText()
                     .set_string("role", "tool")
                     .set_string("tool_call_id", result->tool_call_id)
                     .set_string("content", result->content)
                     .text());
  }
}

void add_message(const Message& message, ArrayText& messages) {
  add_results(message, messages);
  if (message.role == Role::tool) return;
  Pieces pieces;
  for (const Part& part : message.parts) std::visit(pieces, part);
  const bool only_results =
      std::all_of(message.parts.begin(), message.parts.end(),
                  [](const Part& part) { return std::holds_alternative<ToolResult>(part); });
  if (!message.parts.empty() && only_results) return;
  ObjectText object;
  object.set_string("role", role_name(message.role)).set("content", pieces.content_text());
  if (!pieces.refusal.empty()) object.set_string("refusal", pieces.refusal);
  if (!pieces.calls.empty()) object.set("tool_calls", pieces.calls.text());
  if (!pieces.extra_content.empty()) object.set("extra_content", pieces.extra_content);
  messages.add(std::move(object).text());
}

std::string tools_text(const std::vector<Tool>& tools) {
  ArrayText all;
  for (const Tool& tool : tools) {
    ObjectText function;
    function.set_string("name", tool.name);
    if (!tool.description.empty()) function.set_string("description", tool.description);
    if (!tool.parameters.text.empty()) function.set("parameters", tool.parameters.text);
    all.add(ObjectText().set_string("type", "function").set("function", function.text()).text());
  }
  return all.text();
}

std::string tool_choice_text(const std::string& choice) {
  if (choice == "auto" || choice == "none" || choice == "required") return quote(choice);
  return ObjectText()
      .set_string("type", "function")
      .set("function", ObjectText().set_string("name", choice).text())
      .text();
}

}  // namespace

Result<std::string> encode_openai(const ChatRequest& request, const EncodeHints& hints) {
  if (auto checked = check_request(request); !checked) return std::move(checked).error();
  ObjectText body;
  const std::string& model = request.model.empty() ? hints.model : request.model;
  if (!model.empty() && !hints.omit_model) body.set_string("model", model);
  ArrayText messages;
  for (const Message& message : request.messages) add_message(message, messages);
  body.set("messages", std::move(messages).text());
  if (!request.tools.empty()) body.set("tools", tools_text(request.tools));
  if (!request.tool_choice.empty()) {
    body.set("tool_choice", tool_choice_text(request.tool_choice));
  }
  if (request.max_tokens) body.set_integer("max_tokens", *request.max_tokens);
  if (request.temperature) body.set("temperature", number_text(*request.temperature));
  if (request.top_p) body.set("top_p", number_text(*request.top_p));
  if (request.seed) body.set_integer("seed", *request.seed);
  if (!request.stop.empty()) body.set("stop", strings_text(request.stop));
  if (hints.stream) {
    body.set_bool("stream", true);
    body.set("stream_options", ObjectText().set_bool("include_usage", true).text());
  }
  return merge_extra(std::move(body), request.extra);
}

}  // namespace ek::dialect

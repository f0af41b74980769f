#include <fmt/format.h>

#include <map>

#include "base/base64.hpp"
#include "dialect/gemini.hpp"
#include "dialect/request_text.hpp"

namespace ek::dialect {
namespace {

using Kind = JsonView::Kind;

// Writes the parts of one message. A result needs the name of its function, which may only be known
// from the call that it answers.
class PartWriter {
 public:
  explicit PartWriter(std::map<std::string, std::string>& names) : names_(names) {}

  Result<void> operator()(const Text& part) {
    if (part.text.empty() && part.signature.empty()) return {};
    return add(ObjectText().set_string("text", part.text), part.signature);
  }
  Result<void> operator()(const Reasoning& part) {
    return add(ObjectText().set_string("text", part.text).set_bool("thought", true),
               part.signature);
  }
  Result<void> operator()(const Image& given) {
    const Image image = given.url.empty() ? given : image_from_url(given.url);
    ObjectText media;
    const std::string& type = given.mime_type.empty() ? image.mime_type : given.mime_type;
    if (!type.empty()) media.set_string("mimeType", type);
    const bool inlined = image.url.empty();
    media.set_string(inlined ? "data" : "fileUri",
                     inlined ? base64_encode(image.bytes) : image.url);
    return add(ObjectText().set(inlined ? "inlineData" : "fileData", media.text()),
               given.signature);
  }
  Result<void> operator()(const ToolCall& call) {
    names_[call.id] = call.name;
    const auto arguments = JsonView::parse(call.arguments.text);
    if (!arguments || !arguments->is(Kind::object)) {
      return refuse(fmt::format(
          "the arguments of the call of '{}' are no JSON object, which Gemini does not take back; "
          "replace them, or leave the call and its result out",
          call.name));
    }
    ObjectText object;
    if (!call.id.empty()) object.set_string("id", call.id);
    object.set_string("name", call.name).set("args", std::string(arguments->text()));
    return add(ObjectText().set("functionCall", object.text()), call.signature);
  }
  Result<void> operator()(const ToolResult& result) {
    std::string name = result.name.empty() ? names_[result.tool_call_id] : result.name;
    if (name.empty()) {
      return refuse(fmt::format(
          "the result of the call '{}' names no function, and no earlier message holds that call; "
          "set its name",
          result.tool_call_id));
    }
    ObjectText object;
    if (!result.tool_call_id.empty()) object.set_string("id", result.tool_call_id);
    object.set_string("name", name).set("response", response(result));
    return add(ObjectText().set("functionResponse", object.text()), {});
  }
  Result<void> operator()(const ProviderPart& part) {
    if (part.dialect == "gemini" && JsonView::parse(part.json.text)) parts_.add(part.json.text);
    return {};
  }

  [[nodiscard]] const ArrayText& parts() const noexcept { return parts_; }

 private:
  // An object is wanted: the result itself if it is one.
  static std::string response(const ToolResult& result) {
    const auto json = JsonView::parse(result.content);
    if (json && json->is(Kind::object) && !result.is_error) return std::string(json->text());
    return ObjectText()
        .set(result.is_error ? "error" : "output", json_or_quoted(result.content))
        .text();
  }
  // That of the openai dialect is an object, which has Google's as a member.
  static std::string own_signature(const std::string& signature) {
    const auto json = JsonView::parse(signature);
    if (!json || !json->is(JsonView::Kind::object)) return signature;
    return (*json)["google"]["thought_signature"].string();
  }
  Result<void> add(ObjectText part, const std::string& signature) {
    if (const std::string own = own_signature(signature); !own.empty())
      part.set_string("thoughtSignature", own);
    parts_.add(part.text());
    return {};
  }

  std::map<std::string, std::string>& names_;
  ArrayText parts_;
};

struct Conversation {
  ArrayText system;
  ArrayText contents;
  std::string_view role;  // of the content that is being filled
  ArrayText parts;

  // Results of parallel calls must stand in one content, so neighbours of one role are joined.
  void add(Role who, const ArrayText& more) {
    if (more.empty()) return;
    const std::string_view wanted = who == Role::assistant ? "model" : "user";
    if (wanted != role) close();
    role = wanted;
    parts.add(std::string_view(more.text()).substr(1, more.text().size() - 2));
  }
  void close() {
    if (!parts.empty()) {
      contents.add(ObjectText().set_string("role", role).set("parts", parts.text()).text());
    }
    parts = {};
  }
};

Result<Conversation> read_messages(const std::vector<Message>& messages) {
  Conversation conversation;
  std::map<std::string, std::string> names;
  for (const Message& message : messages) {
    PartWriter writer(names);
    for (const Part& part : message.parts) {
      if (auto written = std::visit(writer, part); !written) return std::move(written).error();
    }
    if (message.role != Role::system) {
      conversation.add(message.role, writer.parts());
    } else if (std::string text = message.text(); !text.empty()) {
      conversation.system.add(ObjectText().set_string("text", text).text());
    }
  }
  conversation.close();
  return conversation;
}

std::string generation_config(const ChatRequest& request) {
  ObjectText config;
  if (request.max_tokens) config.set_integer("maxOutputTokens", *request.max_tokens);
  if (request.temperature) config.set("temperature", number_text(*request.temperature));
  if (request.top_p) config.set("topP", number_text(*request.top_p));
  if (request.seed) config.set_integer("seed", *request.seed);
  if (!request.stop.empty()) config.set("stopSequences", strings_text(request.stop));
  return config.empty() ? std::string() : config.text();
}

std::string tools_text(const std::vector<Tool>& tools) {
  ArrayText functions;
  for (const Tool& tool : tools) {
    ObjectText function;
    function.set_string("name", tool.name);
    if (!tool.description.empty()) function.set_string("description", tool.description);
    if (!tool.parameters.text.empty()) function.set("parameters", tool.parameters.text);
    functions.add(function.text());
  }
  return ArrayText().add(ObjectText().set("functionDeclarations", functions.text()).text()).text();
}

std::string tool_config(const std::string& choice) {
  ObjectText config;
  const bool named = choice != "auto" && choice != "none" && choice != "required";
  config.set_string("mode", choice == "auto" ? "AUTO" : choice == "none" ? "NONE" : "ANY");
  if (named) config.set("allowedFunctionNames", ArrayText().add_string(choice).text());
  return ObjectText().set("functionCallingConfig", config.text()).text();
}

}  // namespace

Result<std::string> encode_gemini(const ChatRequest& request, const EncodeHints&) {
  if (auto checked = check_request(request); !checked) return std::move(checked).error();
  auto conversation = read_messages(request.messages);
  if (!conversation) return std::move(conversation).error();
  ObjectText body;
  if (!conversation->system.empty()) {
    body.set("systemInstruction", ObjectText().set("parts", conversation->system.text()).text());
  }
  body.set("contents", conversation->contents.text());
  if (!request.tools.empty()) body.set("tools", tools_text(request.tools));
  if (!request.tool_choice.empty()) body.set("toolConfig", tool_config(request.tool_choice));
  if (std::string config = generation_config(request); !config.empty()) {
    body.set("generationConfig", std::move(config));
  }
  return merge_extra(std::move(body), request.extra);
}

}  // namespace ek::dialect

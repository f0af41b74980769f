#include "dialect/request_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dialect/stream_base.hpp"

namespace ek::dialect {
namespace {

bool is_object(const std::string& json) {
  const auto value = JsonView::parse(json);
  return value && value->is(JsonView::Kind::object);
}

Result<void> check_tools(const ChatRequest& request) {
  for (const Tool& tool : request.tools) {
    if (tool.name.empty()) return refuse("a tool has no name; name every function of `tools`");
    if (!tool.parameters.text.empty() && !is_object(tool.parameters.text)) {
      return refuse(fmt::format(
          "the parameters of the tool '{}' are no JSON object; give a JSON Schema of an object",
          tool.name));
    }
  }
  const std::string& choice = request.tool_choice;
  if (choice.empty() || choice == "auto" || choice == "none" || choice == "required") return {};
  const bool known = std::any_of(request.tools.begin(), request.tools.end(),
                                 [&](const Tool& tool) { return tool.name == choice; });
  if (known) return {};
  return refuse(fmt::format(
      "tool_choice is '{}', which is neither auto, none or required nor the name of a tool",
      choice));
}

Result<void> check_message(const Message& message, std::size_t at) {
  bool result = false;
  for (const Part& part : message.parts) {
    result = result || std::holds_alternative<ToolResult>(part);
    const auto* image = std::get_if<Image>(&part);
    if (image != nullptr && image->url.empty() &&
        (image->bytes.empty() || image->mime_type.empty())) {
      return refuse(fmt::format(
          "messages[{}] has an image without a url and without bytes with their mime_type", at));
    }
    if (std::holds_alternative<ToolCall>(part) && message.role != Role::assistant) {
      return refuse(fmt::format("messages[{}] has a tool call, but only an assistant calls", at));
    }
  }
  if (message.role == Role::tool && !result) {
    return refuse(fmt::format("messages[{}] is of the role tool and holds no tool result", at));
  }
  return {};
}

}  // namespace

Result<void> check_request(const ChatRequest& request) {
  if (request.messages.empty()) return refuse("the request has no messages; add at least one");
  for (const auto& [name, value] :
       {std::pair{"temperature", request.temperature}, std::pair{"top_p", request.top_p}}) {
    if (value && !std::isfinite(*value)) {
      return refuse(fmt::format("{} is not a finite number", name));
    }
  }
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    if (auto checked = check_message(request.messages[i], i); !checked) return checked;
  }
  return check_tools(request);
}

std::string strings_text(const std::vector<std::string>& strings) {
  ArrayText all;
  for (const auto& text : strings) all.add_string(text);
  return all.text();
}

Result<std::string> merge_extra(ObjectText body, const JsonText& extra) {
  if (extra.text.empty()) return std::move(body).text();
  const auto object = JsonView::parse(extra.text);
  if (!object || !object->is(JsonView::Kind::object)) {
    return refuse("`extra` is no JSON object; give the members that the body should have besides");
  }
  return body.merge(*object).text();
}

}  // namespace ek::dialect

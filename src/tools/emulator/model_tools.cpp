#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/model.hpp"

namespace ek::emulator {
namespace {

using nlohmann::json;

bool says(std::string_view text, std::string_view part) {
  return to_lower(text).find(to_lower(part)) != std::string::npos;
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return is_upper(c) || (c >= 'a' && c <= 'z') || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

// The last name-like word after the first ("What is the weather in Paris?" gives Paris); else the
// last word.
std::string name_in(std::string_view text) {
  std::string name;
  std::string last;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_letter(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && is_letter(text[end])) ++end;
    last = std::string(text.substr(at, end - at));
    if (at > 0 && is_upper(last.front()) && last != "I") name = last;
    at = end;
  }
  return name.empty() ? last : name;
}

double number_in(std::string_view text) {
  const auto digit = std::find_if(text.begin(), text.end(), is_digit);
  double value = 0;
  for (auto at = digit; at != text.end() && is_digit(*at); ++at) value = value * 10 + (*at - '0');
  return digit == text.end() ? 1 : value;
}

json value_for(const json& schema, std::string_view text) {
  if (const auto choices = schema.find("enum"); choices != schema.end() && choices->is_array()) {
    for (const json& choice : *choices) {
      if (choice.is_string() && says(text, choice.get<std::string>())) return choice;
    }
    return choices->empty() ? json() : choices->front();
  }
  const auto type = schema.find("type");
  const std::string name =
      type != schema.end() && type->is_string() ? to_lower(type->get<std::string>()) : "string";
  if (name == "integer") return static_cast<std::int64_t>(number_in(text));
  if (name == "number") return number_in(text);
  if (name == "boolean") return true;
  if (name == "array") return json::array();
  if (name == "object") return json::object();
  return name_in(text);
}

std::string arguments_for(const ChatTool& tool, std::string_view text) {
  const json schema = parse_json<json>(tool.parameters);
  json arguments = json::object();
  if (schema.is_object() && schema.contains("properties") && schema["properties"].is_object()) {
    for (const auto& [key, property] : schema["properties"].items()) {
      arguments[key] = value_for(property.is_object() ? property : json::object(), text);
    }
  }
  return to_text(arguments);
}

}  // namespace

std::optional<ToolCall> choose_tool(const Prompt& prompt) {
  if (prompt.tools.empty() || prompt.messages.empty() || prompt.messages.back().role == "tool") {
    return std::nullopt;
  }
  const std::string_view text = last_text(prompt, "user");
  const auto named = std::find_if(prompt.tools.begin(), prompt.tools.end(),
                                  [&](const ChatTool& tool) { return says(text, tool.name); });
  const bool asked = named != prompt.tools.end() || prompt.must_use_tool ||
                     says(text, "use the tool") || says(text, "weather");
  if (!asked) return std::nullopt;
  const ChatTool& tool = named != prompt.tools.end() ? *named : prompt.tools.front();
  return ToolCall{.name = tool.name, .arguments = arguments_for(tool, text)};
}

}  // namespace ek::emulator

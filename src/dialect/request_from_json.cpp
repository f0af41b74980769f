// parse_chat_request(): strict, so that a misspelt member is told of instead of doing nothing.
#include <fmt/format.h>

#include <functional>

#include "base/base64.hpp"
#include "dialect/json_build.hpp"
#include "dialect/json_text.hpp"
#include "dialect/stream_base.hpp"

namespace ek::dialect {
namespace {

using Kind = JsonView::Kind;

// Reads values at their paths and keeps the first thing that is wrong.
class Reader {
 public:
  void wrong(const std::string& path, std::string_view expected, JsonView value) {
    if (error_) return;
    std::string got(value.text().substr(0, 60));
    if (value.is(Kind::absent)) got = "nothing";
    error_ = refuse(fmt::format("{}: expected {}, got {}", path, expected, got));
  }
  void unknown(const std::string& path, std::string_view known) {
    if (!error_) error_ = refuse(fmt::format("{}: no such member; known are {}", path, known));
  }
  std::string text(const std::string& path, JsonView value) {
    if (!value.is(Kind::string)) wrong(path, "a string", value);
    return value.string();
  }
  std::int64_t integer(const std::string& path, JsonView value) {
    const auto number = value.integer();
    if (!number || !value.is(Kind::number)) wrong(path, "a whole number", value);
    return number.value_or(0);
  }
  double number(const std::string& path, JsonView value) {
    const auto number = value.number();
    if (!number) wrong(path, "a number", value);
    return number.value_or(0);
  }
  bool boolean(const std::string& path, JsonView value) {
    if (!value.is(Kind::boolean)) wrong(path, "true or false", value);
    return value.is_true();
  }
  JsonText object(const std::string& path, JsonView value) {
    if (!value.is(Kind::object)) wrong(path, "an object", value);
    return {std::string(value.text())};
  }

  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }

 private:
  std::optional<Error> error_;
};

struct Field {
  std::string_view name;
  std::function<void(const std::string& path, JsonView value)> read;
};

// Calls the field of each member; null counts as absent.
void read_fields(Reader& reader, const std::string& path, JsonView object,
                 const std::vector<Field>& fields) {
  if (!object.is(Kind::object)) return reader.wrong(path, "an object", object);
  for (const auto& [key, value] : object.members()) {
    const std::string place = path.empty() ? std::string(key) : path + "." + std::string(key);
    bool known = false;
    std::string names;
    for (const Field& field : fields) {
      names += (names.empty() ? "" : ", ") + std::string(field.name);
      if (field.name != key) continue;
      known = true;
      if (value.has_value()) field.read(place, value);
    }
    if (!known) reader.unknown(place, names);
  }
}

Field text_field(Reader& reader, std::string_view name, std::string& out) {
  return {name,
          [&reader, &out](const auto& path, JsonView value) { out = reader.text(path, value); }};
}

Field type_field() {
  return {"type", [](const auto&, JsonView) {}};
}

Text read_text(Reader& reader, const std::string& path, JsonView object) {
  Text part;
  read_fields(reader, path, object,
              {type_field(), text_field(reader, "text", part.text),
               text_field(reader, "signature", part.signature)});
  return part;
}

Reasoning read_reasoning(Reader& reader, const std::string& path, JsonView object) {
  Reasoning part;
  read_fields(reader, path, object,
              {type_field(), text_field(reader, "text", part.text),
               text_field(reader, "signature", part.signature)});
  return part;
}

Image read_image(Reader& reader, const std::string& path, JsonView object) {
  Image part;
  read_fields(reader, path, object,
              {type_field(),
               text_field(reader, "mime_type", part.mime_type),
               {"data",
                [&](const auto& place, JsonView value) {
                  auto bytes = base64_decode(reader.text(place, value));
                  if (!bytes) reader.wrong(place, "base64", value);
                  part.bytes = std::move(bytes).value_or("");
                }},
               text_field(reader, "url", part.url),
               text_field(reader, "signature", part.signature)});
  return part;
}

ToolCall read_call(Reader& reader, const std::string& path, JsonView object) {
  ToolCall part;
  part.arguments.text = "{}";
  read_fields(reader, path, object,
              {type_field(),
               text_field(reader, "id", part.id),
               text_field(reader, "name", part.name),
               {"arguments",
                [&](const auto& place, JsonView value) {
                  part.arguments = value.is(Kind::string) ? JsonText{value.string()}
                                                          : reader.object(place, value);
                }},
               text_field(reader, "signature", part.signature)});
  if (part.name.empty()) reader.wrong(path + ".name", "the function's name", {});
  return part;
}

ToolResult read_result(Reader& reader, const std::string& path, JsonView object) {
  ToolResult part;
  read_fields(reader, path, object,
              {type_field(),
               text_field(reader, "tool_call_id", part.tool_call_id),
               text_field(reader, "name", part.name),
               text_field(reader, "content", part.content),
               {"is_error", [&](const auto& place, JsonView value) {
                  part.is_error = reader.boolean(place, value);
                }}});
  return part;
}

ProviderPart read_provider(Reader& reader, const std::string& path, JsonView object) {
  ProviderPart part;
  read_fields(reader, path, object,
              {type_field(),
               text_field(reader, "dialect", part.dialect),
               {"json", [&](const auto&, JsonView value) { part.json.text = value.text(); }}});
  return part;
}

Part read_part(Reader& reader, const std::string& path, JsonView object) {
  const std::string type = object["type"].string();
  if (type == "text") return read_text(reader, path, object);
  if (type == "image") return read_image(reader, path, object);
  if (type == "reasoning") return read_reasoning(reader, path, object);
  if (type == "tool_call") return read_call(reader, path, object);
  if (type == "tool_result") return read_result(reader, path, object);
  if (type == "provider") return read_provider(reader, path, object);
  reader.wrong(path + ".type", "text, image, reasoning, tool_call, tool_result or provider",
               object["type"]);
  return Text{};
}

void read_content(Reader& reader, const std::string& path, JsonView value,
                  std::vector<Part>& parts) {
  if (value.is(Kind::string)) {
    parts.emplace_back(Text{value.string(), {}});
    return;
  }
  if (!value.is(Kind::array)) return reader.wrong(path, "a string or an array of parts", value);
  for (const JsonView element : value.elements()) {
    parts.push_back(read_part(reader, fmt::format("{}[{}]", path, parts.size()), element));
  }
}

Role read_role(Reader& reader, const std::string& path, JsonView value) {
  const std::string name = value.string();
  if (name == "system") return Role::system;
  if (name == "assistant") return Role::assistant;
  if (name == "tool") return Role::tool;
  if (name != "user") reader.wrong(path, "system, user, assistant or tool", value);
  return Role::user;
}

Message read_message(Reader& reader, const std::string& path, JsonView object) {
  Message message;
  if (object["role"].is(Kind::absent)) reader.wrong(path + ".role", "a role", {});
  read_fields(reader, path, object,
              {{"role", [&](const auto& place,
                            JsonView value) { message.role = read_role(reader, place, value); }},
               {"content", [&](const auto& place, JsonView value) {
                  read_content(reader, place, value, message.parts);
                }}});
  return message;
}

Tool read_tool(Reader& reader, const std::string& path, JsonView object) {
  Tool tool;
  read_fields(reader, path, object,
              {text_field(reader, "name", tool.name),
               text_field(reader, "description", tool.description),
               {"parameters", [&](const auto& place, JsonView value) {
                  tool.parameters = reader.object(place, value);
                }}});
  if (tool.name.empty()) reader.wrong(path + ".name", "the function's name", {});
  return tool;
}

template <class T, class F>
Field list_field(Reader& reader, std::string_view name, std::vector<T>& out, F read) {
  return {name, [&reader, &out, read](const std::string& path, JsonView value) {
            if (!value.is(Kind::array)) return reader.wrong(path, "an array", value);
            std::size_t at = 0;
            for (const JsonView element : value.elements()) {
              out.push_back(read(reader, fmt::format("{}[{}]", path, at++), element));
            }
          }};
}

std::vector<Field> option_fields(Reader& reader, ChatRequest& request) {
  const auto read_text_element = [](Reader& r, const std::string& path, JsonView value) {
    return r.text(path, value);
  };
  const auto stop_list = list_field(reader, "stop", request.stop, read_text_element);
  return {
      text_field(reader, "model", request.model),
      text_field(reader, "tool_choice", request.tool_choice),
      {"max_tokens",
       [&](const auto& path, JsonView value) { request.max_tokens = reader.integer(path, value); }},
      {"seed",
       [&](const auto& path, JsonView value) { request.seed = reader.integer(path, value); }},
      {"temperature",
       [&](const auto& path, JsonView value) { request.temperature = reader.number(path, value); }},
      {"top_p",
       [&](const auto& path, JsonView value) { request.top_p = reader.number(path, value); }},
      {"stop",
       [&request, stop_list](const auto& path, JsonView value) {
         if (value.is(Kind::string)) return request.stop.push_back(value.string());
         stop_list.read(path, value);
       }},
      {"extra",
       [&](const auto& path, JsonView value) { request.extra = reader.object(path, value); }}};
}

}  // namespace

Result<ChatRequest> parse_chat_request(std::string_view json) {
  const auto value = JsonView::parse(json);
  if (!value) return refuse("the request is no valid JSON (RFC 8259, UTF-8)");
  Reader reader;
  ChatRequest request;
  if (!value->is(Kind::object)) reader.wrong("the request", "an object", *value);
  auto fields = option_fields(reader, request);
  fields.push_back(list_field(reader, "messages", request.messages, read_message));
  fields.push_back(list_field(reader, "tools", request.tools, read_tool));
  if ((*value)["messages"].is(Kind::absent) && (*value)["extra"].is(Kind::absent)) {
    reader.wrong("messages", "an array of messages", {});
  }
  read_fields(reader, "", *value, fields);
  if (reader.error()) return *reader.error();
  return request;
}

}  // namespace ek::dialect

#include "dialect/json_text.hpp"

#include "base/base64.hpp"
#include "base/iso_time.hpp"
#include "dialect/json_build.hpp"

namespace ek::dialect {
namespace {

std::string_view role_name(Role role) noexcept {
  switch (role) {
    case Role::system:
      return "system";
    case Role::assistant:
      return "assistant";
    case Role::tool:
      return "tool";
    case Role::user:
      break;
  }
  return "user";
}

std::string_view of_name(SignatureDelta::Of of) noexcept {
  switch (of) {
    case SignatureDelta::Of::reasoning:
      return "reasoning";
    case SignatureDelta::Of::tool_call:
      return "tool_call";
    case SignatureDelta::Of::image:
      return "image";
    case SignatureDelta::Of::text:
      break;
  }
  return "text";
}

ObjectText typed(std::string_view type) { return ObjectText().set_string("type", type); }

void set_if(ObjectText& object, std::string_view key, const std::string& text) {
  if (!text.empty()) object.set_string(key, text);
}

void set_if(ObjectText& object, std::string_view key, std::optional<std::int64_t> value) {
  if (value) object.set_integer(key, *value);
}

ObjectText image_object(const Image& image) {
  ObjectText object = typed("image");
  set_if(object, "mime_type", image.mime_type);
  if (image.url.empty()) {
    object.set_string("data", base64_encode(image.bytes));
  } else {
    object.set_string("url", image.url);
  }
  set_if(object, "signature", image.signature);
  return object;
}

std::string usage_text(const Usage& usage) {
  ObjectText object;
  set_if(object, "input_tokens", usage.input_tokens);
  set_if(object, "output_tokens", usage.output_tokens);
  set_if(object, "total_tokens", usage.total_tokens);
  set_if(object, "reasoning_tokens", usage.reasoning_tokens);
  set_if(object, "cache_read_tokens", usage.cache_read_tokens);
  if (!usage.raw.text.empty()) object.set("raw", json_or_quoted(usage.raw.text));
  return object.text();
}

struct PartObject {
  ObjectText operator()(const Text& part) const {
    ObjectText object = typed("text").set_string("text", part.text);
    set_if(object, "signature", part.signature);
    return object;
  }
  ObjectText operator()(const Image& part) const { return image_object(part); }
  ObjectText operator()(const Reasoning& part) const {
    ObjectText object = typed("reasoning").set_string("text", part.text);
    set_if(object, "signature", part.signature);
    return object;
  }
  ObjectText operator()(const ToolCall& part) const {
    ObjectText object = typed("tool_call").set_string("id", part.id).set_string("name", part.name);
    const auto arguments = JsonView::parse(part.arguments.text);
    const bool is_object = arguments && arguments->is(JsonView::Kind::object);
    object.set("arguments", is_object ? compact(part.arguments.text) : quote(part.arguments.text));
    set_if(object, "signature", part.signature);
    return object;
  }
  ObjectText operator()(const ToolResult& part) const {
    ObjectText object = typed("tool_result").set_string("tool_call_id", part.tool_call_id);
    set_if(object, "name", part.name);
    object.set_string("content", part.content);
    if (part.is_error) object.set_bool("is_error", true);
    return object;
  }
  ObjectText operator()(const ProviderPart& part) const {
    return typed("provider")
        .set_string("dialect", part.dialect)
        .set("json", json_or_quoted(part.json.text));
  }
};

std::string message_text(const Message& message) {
  ArrayText parts;
  for (const Part& part : message.parts) parts.add(std::visit(PartObject{}, part).text());
  return ObjectText()
      .set_string("role", role_name(message.role))
      .set("content", parts.text())
      .text();
}

struct EventObject {
  ObjectText operator()(const TextDelta& event) const {
    return typed("text").set_string("text", event.text);
  }
  ObjectText operator()(const ReasoningDelta& event) const {
    return typed("reasoning").set_string("text", event.text);
  }
  ObjectText operator()(const SignatureDelta& event) const {
    return typed("signature")
        .set_string("of", of_name(event.of))
        .set_integer("index", event.index)
        .set_string("signature", event.signature);
  }
  ObjectText operator()(const ToolCallStarted& event) const {
    return typed("tool_call")
        .set_integer("index", event.index)
        .set_string("id", event.id)
        .set_string("name", event.name);
  }
  ObjectText operator()(const ToolCallDelta& event) const {
    return typed("tool_arguments")
        .set_integer("index", event.index)
        .set_string("text", event.arguments);
  }
  ObjectText operator()(const ImageOutput& event) const { return image_object(event.image); }
  ObjectText operator()(const UsageUpdate& event) const {
    return typed("usage").set("usage", usage_text(event.usage));
  }
  ObjectText operator()(const ProviderEvent& event) const {
    ObjectText object = typed("provider").set_string("name", event.name);
    object.set("json", json_or_quoted(event.json.text)).set_bool("part", event.part);
    set_if(object, "dialect", event.dialect);
    return object;
  }
  ObjectText operator()(const Heartbeat&) const { return typed("heartbeat"); }
  ObjectText operator()(const Finished& event) const {
    return typed("finished")
        .set_string("reason", to_string(event.reason))
        .set_string("provider_reason", event.provider_reason)
        .set("usage", usage_text(event.usage));
  }
};

std::string tool_text(const Tool& tool) {
  ObjectText object;
  object.set_string("name", tool.name);
  set_if(object, "description", tool.description);
  if (!tool.parameters.text.empty()) object.set("parameters", json_or_quoted(tool.parameters.text));
  return object.text();
}

template <class T, class F>
std::string array_of(const std::vector<T>& values, F text) {
  ArrayText all;
  for (const T& value : values) all.add(text(value));
  return all.text();
}

}  // namespace

std::string to_json(const ChatEvent& event) {
  return std::visit(EventObject{}, event.value).text();
}

std::string to_json(const ChatReply& reply) {
  ObjectText object;
  object.set("message", message_text(reply.message));
  object.set_string("finish_reason", to_string(reply.finish_reason));
  set_if(object, "provider_reason", reply.provider_reason);
  object.set("usage", usage_text(reply.usage));
  set_if(object, "model", reply.model);
  set_if(object, "id", reply.id);
  if (!reply.raw.text.empty()) object.set("raw", json_or_quoted(reply.raw.text));
  return object.text();
}

std::string to_json(const ChatRequest& request) {
  ObjectText object;
  object.set("messages", array_of(request.messages, message_text));
  set_if(object, "model", request.model);
  set_if(object, "max_tokens", request.max_tokens);
  if (request.temperature) object.set("temperature", number_text(*request.temperature));
  if (request.top_p) object.set("top_p", number_text(*request.top_p));
  set_if(object, "seed", request.seed);
  if (!request.stop.empty()) object.set("stop", array_of(request.stop, quote));
  if (!request.tools.empty()) object.set("tools", array_of(request.tools, tool_text));
  set_if(object, "tool_choice", request.tool_choice);
  if (!request.extra.text.empty()) object.set("extra", json_or_quoted(request.extra.text));
  return object.text();
}

std::string to_json(const Error& error) {
  ObjectText object;
  object.set_string("code", to_string(error.code)).set_string("phase", to_string(error.phase));
  object.set_string("message", error.message);
  if (error.http_status != 0) object.set_integer("http_status", error.http_status);
  if (error.original_status != 0) object.set_integer("original_status", error.original_status);
  set_if(object, "provider_code", error.provider_code);
  set_if(object, "reason", error.reason);
  set_if(object, "request_id", error.request_id);
  object.set_bool("retryable", error.retryable);
  if (error.retry_after) object.set_integer("retry_after_ms", error.retry_after->count());
  object.set_bool("output_delivered", error.output_delivered);
  if (error.attempts != 0) object.set_integer("attempts", error.attempts);
  if (!error.filtered_categories.empty()) {
    object.set("filtered_categories", array_of(error.filtered_categories, quote));
  }
  set_if(object, "provider_body", error.provider_body);
  return object.text();
}

std::string to_json(const CredentialReport& report, std::string_view provider_says) {
  const auto known = [](std::string_view text) { return text.empty() ? "null" : quote(text); };
  ArrayText links;
  for (const CredentialReport::Link& link : report.links) {
    ObjectText object;
    object.set_string("name", link.name).set("looked_at", array_of(link.looked_at, quote));
    object.set_string("outcome", to_string(link.outcome)).set_string("message", link.message);
    links.add(object.text());
  }
  const auto ends = [](std::chrono::system_clock::time_point time) {
    return quote(format_iso_time(std::chrono::floor<std::chrono::seconds>(time)));
  };
  ObjectText object;
  object.set("links", links.text()).set("identity", known(report.identity));
  object.set("expires", report.expires ? ends(*report.expires) : "null");
  object.set("provider_says", known(provider_says));
  return object.set("error", report.error ? to_json(*report.error) : "null").text();
}

}  // namespace ek::dialect

#include <nlohmann/json.hpp>

#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/writer.hpp"

namespace ek::emulator {
namespace {

using json = nlohmann::ordered_json;

std::string content_text(const json& content) {
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  for (const json& part : content) {
    if (part.is_object()) text += text_in(part, "text");
  }
  return text;
}

void read_messages(const json& body, Prompt& prompt) {
  for (const json& message : body["messages"]) {
    if (!message.is_object()) continue;
    prompt.messages.push_back(
        {.role = text_in(message, "role"),
         .text = message.contains("content") ? content_text(message["content"]) : ""});
  }
}

void read_tools(const json& body, Prompt& prompt) {
  const json choice = body.value("tool_choice", json());
  if (choice == "none" || !body.contains("tools") || !body["tools"].is_array()) return;
  prompt.must_use_tool = choice == "required" || choice.is_object();
  for (const json& tool : body["tools"]) {
    const json function = tool.is_object() ? tool.value("function", json()) : json();
    if (!function.is_object()) continue;
    prompt.tools.push_back({.name = text_in(function, "name"),
                            .parameters = to_text(function.value("parameters", json::object()))});
  }
}

void read_options(const json& body, Prompt& prompt) {
  prompt.max_tokens = tokens_in(body, "max_tokens", prompt.max_tokens);
  prompt.max_tokens = tokens_in(body, "max_completion_tokens", prompt.max_tokens);
  prompt.temperature = number_in(body, "temperature", 0);
  prompt.seed = static_cast<std::uint64_t>(integer_in(body, "seed", 0));
  prompt.stop = texts_in(body, "stop");
  const json effort = body.value("reasoning_effort", json());
  const json arguments = body.value("chat_template_kwargs", json());
  prompt.reasoning = (effort.is_string() && effort != "none") ||
                     (arguments.is_object() && arguments.value("enable_thinking", json()) == true);
}

json usage_of(const Ending& ending) {
  json usage = {{"prompt_tokens", ending.prompt_tokens},
                {"completion_tokens", ending.completion_tokens},
                {"total_tokens", ending.prompt_tokens + ending.completion_tokens}};
  if (ending.reasoning_tokens > 0) {
    usage["completion_tokens_details"] = {{"reasoning_tokens", ending.reasoning_tokens}};
  }
  return usage;
}

std::string tool_id(const Stamp& stamp, int index) {
  return "call_" + stamp.id.substr(0, 8) + "_" + std::to_string(index);
}

class OpenAiStream final : public Writer {
 public:
  OpenAiStream(const ChatCall& call, Stamp stamp)
      : model_(call.model), include_usage_(call.include_usage), stamp_(std::move(stamp)) {}

  std::string_view content_type() const noexcept override { return "text/event-stream"; }
  std::string begin() override { return event({{"role", "assistant"}, {"content", ""}}); }
  std::string piece(const Piece& piece) override {
    switch (piece.kind) {
      case Piece::Kind::text:
        return event({{"content", piece.text}});
      case Piece::Kind::reasoning:
        return event({{"reasoning_content", piece.text}});
      case Piece::Kind::tool_name:
        return tool_event(piece.index, {{"id", tool_id(stamp_, piece.index)},
                                        {"type", "function"},
                                        {"function", {{"name", piece.text}, {"arguments", ""}}}});
      case Piece::Kind::tool_arguments:
        return tool_event(piece.index, {{"function", {{"arguments", piece.text}}}});
    }
    return {};
  }
  std::string end(const Ending& ending) override {
    std::string text = event(json::object(), ending.finish);
    if (include_usage_) {
      json chunk = head();
      chunk["choices"] = json::array();
      chunk["usage"] = usage_of(ending);
      text += "data: " + to_text(chunk) + "\n\n";
    }
    return text + "data: [DONE]\n\n";
  }
  std::string failure(const Error& error) override {
    const json body = {{"error",
                        {{"message", error.message},
                         {"type", "InternalServerError"},
                         {"param", nullptr},
                         {"code", 500}}}};
    return "data: " + to_text(body) + "\n\n";
  }

 private:
  json head() const {
    return {{"id", "chatcmpl-" + stamp_.id},
            {"object", "chat.completion.chunk"},
            {"created", stamp_.created},
            {"model", model_}};
  }
  std::string event(const json& delta, const json& finish = nullptr) const {
    json chunk = head();
    chunk["choices"] = json::array({{{"index", 0}, {"delta", delta}, {"finish_reason", finish}}});
    return "data: " + to_text(chunk) + "\n\n";
  }
  std::string tool_event(int index, const json& call) const {
    json indexed = {{"index", index}};
    indexed.update(call);
    return event({{"tool_calls", json::array({indexed})}});
  }

  std::string model_;
  bool include_usage_;
  Stamp stamp_;
};

class OpenAiWhole final : public WholeWriter {
 public:
  OpenAiWhole(const ChatCall& call, Stamp stamp) : model_(call.model), stamp_(std::move(stamp)) {}

  std::string end(const Ending& ending) override {
    json message = {{"role", "assistant"}, {"content", text_}};
    if (!reasoning_.empty()) message["reasoning_content"] = reasoning_;
    if (!tools_.empty()) {
      if (text_.empty()) message["content"] = nullptr;
      for (std::size_t i = 0; i < tools_.size(); ++i) {
        message["tool_calls"].push_back(
            {{"id", tool_id(stamp_, static_cast<int>(i))},
             {"type", "function"},
             {"function", {{"name", tools_[i].name}, {"arguments", tools_[i].arguments}}}});
      }
    }
    const json body = {
        {"id", "chatcmpl-" + stamp_.id},
        {"object", "chat.completion"},
        {"created", stamp_.created},
        {"model", model_},
        {"choices",
         json::array({{{"index", 0}, {"message", message}, {"finish_reason", ending.finish}}})},
        {"usage", usage_of(ending)}};
    return to_text(body);
  }

 private:
  std::string model_;
  Stamp stamp_;
};

}  // namespace

Result<ChatCall> parse_openai(std::string_view body) {
  const json parsed = parse_json<json>(body);
  if (!parsed.is_object() || !parsed.contains("messages") || !parsed["messages"].is_array() ||
      parsed["messages"].empty()) {
    return bad_body("expected a JSON object with a list \"messages\" that is not empty");
  }
  ChatCall call{.model = text_in(parsed, "model"), .openai_json = std::string(body)};
  if (call.model.empty()) call.model = "emulated-model";
  read_messages(parsed, call.prompt);
  read_tools(parsed, call.prompt);
  read_options(parsed, call.prompt);
  call.stream = parsed.value("stream", json()) == true;
  const json stream_options = parsed.value("stream_options", json());
  call.include_usage =
      stream_options.is_object() && stream_options.value("include_usage", json()) == true;
  return call;
}

std::unique_ptr<Writer> openai_writer(const ChatCall& call, const Stamp& stamp) {
  if (call.stream) return std::make_unique<OpenAiStream>(call, stamp);
  return std::make_unique<OpenAiWhole>(call, stamp);
}

std::string openai_body(const ChatCall& call) {
  json body = {{"messages", json::array()},
               {"max_tokens", call.prompt.max_tokens},
               {"temperature", call.prompt.temperature}};
  if (!call.model.empty()) body["model"] = call.model;
  for (const ChatMessage& message : call.prompt.messages) {
    // A tool's result needs the id of its call, which other JSON may not have.
    const std::string role = message.role == "tool" ? "user" : message.role;
    body["messages"].push_back({{"role", role}, {"content", message.text}});
  }
  for (const ChatTool& tool : call.prompt.tools) {
    json parameters = parse_json<json>(tool.parameters);
    if (!parameters.is_object()) parameters = json::object();
    body["tools"].push_back(
        {{"type", "function"}, {"function", {{"name", tool.name}, {"parameters", parameters}}}});
  }
  if (!call.prompt.stop.empty()) body["stop"] = call.prompt.stop;
  if (call.prompt.seed != 0) body["seed"] = call.prompt.seed;
  return to_text(body);
}

}  // namespace ek::emulator

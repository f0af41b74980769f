#include <nlohmann/json.hpp>

#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/writer.hpp"

namespace ek::emulator {
namespace {

using json = nlohmann::ordered_json;

std::string text_of(const json& content) {
  std::string text;
  const json parts = content.is_object() ? content.value("parts", json::array()) : json::array();
  for (const json& part : parts) {
    if (!part.is_object()) continue;
    text += text_in(part, "text");
    if (part.contains("functionResponse") && part["functionResponse"].is_object()) {
      text += to_text(part["functionResponse"].value("response", json::object()));
    }
  }
  return text;
}

bool is_tool_result(const json& content) {
  const json parts = content.value("parts", json::array());
  return !parts.empty() && parts.front().is_object() && parts.front().contains("functionResponse");
}

void read_contents(const json& body, Prompt& prompt) {
  if (body.contains("systemInstruction")) {
    prompt.messages.push_back({.role = "system", .text = text_of(body["systemInstruction"])});
  }
  for (const json& content : body["contents"]) {
    if (!content.is_object()) continue;
    std::string role = text_in(content, "role") == "model" ? "assistant" : "user";
    if (is_tool_result(content)) role = "tool";
    prompt.messages.push_back({.role = std::move(role), .text = text_of(content)});
  }
}

void read_tools(const json& body, Prompt& prompt) {
  const json tools = body.value("tools", json::array());
  for (const json& tool : tools) {
    if (!tool.is_object()) continue;
    const json declarations = tool.value("functionDeclarations", json::array());
    for (const json& function : declarations) {
      if (!function.is_object()) continue;
      const json schema =
          function.value("parameters", function.value("parametersJsonSchema", json::object()));
      prompt.tools.push_back({.name = text_in(function, "name"), .parameters = to_text(schema)});
    }
  }
  const json config = body.value("toolConfig", json::object());
  const json calling =
      config.is_object() ? config.value("functionCallingConfig", json::object()) : json::object();
  const std::string mode = calling.is_object() ? text_in(calling, "mode") : "";
  if (mode == "NONE") prompt.tools.clear();
  prompt.must_use_tool = mode == "ANY";
}

void read_config(const json& body, Prompt& prompt) {
  const json config = body.value("generationConfig", json::object());
  if (!config.is_object()) return;
  prompt.max_tokens = tokens_in(config, "maxOutputTokens", prompt.max_tokens);
  prompt.temperature = number_in(config, "temperature", 0);
  prompt.seed = static_cast<std::uint64_t>(integer_in(config, "seed", 0));
  prompt.stop = texts_in(config, "stopSequences");
  const json thinking = config.value("thinkingConfig", json::object());
  prompt.reasoning = thinking.is_object() && thinking.value("includeThoughts", json()) == true;
}

std::string finish_of(const std::string& finish) {
  if (finish == "length") return "MAX_TOKENS";
  if (finish == "content_filter") return "SAFETY";
  return "STOP";
}

json usage_of(const Ending& ending) {
  const int candidates = ending.completion_tokens - ending.reasoning_tokens;
  json usage = {{"promptTokenCount", ending.prompt_tokens},
                {"candidatesTokenCount", candidates},
                {"totalTokenCount", ending.prompt_tokens + ending.completion_tokens},
                {"trafficType", "ON_DEMAND"}};
  if (ending.reasoning_tokens > 0) usage["thoughtsTokenCount"] = ending.reasoning_tokens;
  return usage;
}

json function_part(const ToolCall& call) {
  json arguments = parse_json<json>(call.arguments);
  if (!arguments.is_object()) arguments = json::object();
  return {{"functionCall", {{"name", call.name}, {"args", arguments}}},
          {"thoughtSignature", "ZW11bGF0ZWQgc2lnbmF0dXJl"}};
}

/// Calls are whole in Gemini's streams, so their pieces are collected until the end.
class GeminiWriter final : public WholeWriter {
 public:
  GeminiWriter(const ChatCall& call, Stamp stamp, GeminiForm form)
      : model_(call.model), stamp_(std::move(stamp)), form_(form) {}

  std::string_view content_type() const noexcept override {
    return form_ == GeminiForm::sse ? "text/event-stream" : "application/json; charset=UTF-8";
  }
  std::string begin() override { return form_ == GeminiForm::array ? "[" : ""; }
  std::string piece(const Piece& piece) override {
    const bool text = piece.kind == Piece::Kind::text;
    const bool tool = !text && piece.kind != Piece::Kind::reasoning;
    if (form_ == GeminiForm::whole || tool) return WholeWriter::piece(piece);
    json part = {{"text", piece.text}};
    if (!text) part["thought"] = true;
    return write(response(json::array({part})));
  }
  std::string end(const Ending& ending) override {
    json parts = json::array();
    if (!reasoning_.empty()) parts.push_back({{"text", reasoning_}, {"thought", true}});
    if (!text_.empty() || (tools_.empty() && form_ != GeminiForm::whole)) {
      parts.push_back({{"text", text_}});
    }
    for (const ToolCall& tool : tools_) parts.push_back(function_part(tool));
    json last = response(parts);
    last["candidates"][0]["finishReason"] = finish_of(ending.finish);
    last["usageMetadata"] = usage_of(ending);
    return write(last) + (form_ == GeminiForm::array ? "\n]" : "");
  }
  std::string failure(const Error& error) override {
    const json body = {
        {"error", {{"code", 503}, {"message", error.message}, {"status", "UNAVAILABLE"}}}};
    return form_ == GeminiForm::whole ? ""
                                      : write(body) + (form_ == GeminiForm::array ? "\n]" : "");
  }

 private:
  json response(const json& parts) const {
    json content = {{"role", "model"}};
    // A candidate without text has no "parts" at all.
    if (!parts.empty()) content["parts"] = parts;
    return {{"candidates", json::array({{{"index", 0}, {"content", content}}})},
            {"modelVersion", model_},
            {"responseId", stamp_.id}};
  }
  std::string write(const json& body) {
    if (form_ == GeminiForm::sse) return "data: " + to_text(body) + "\r\n\r\n";
    const std::string text = to_text(body, 2);
    if (form_ == GeminiForm::whole) return text + "\n";
    const bool first = std::exchange(first_, false);
    return (first ? "" : "\n,\r\n") + text;
  }

  std::string model_;
  Stamp stamp_;
  GeminiForm form_;
  bool first_ = true;
};

}  // namespace

Result<ChatCall> parse_gemini(std::string_view body) {
  const json parsed = parse_json<json>(body);
  if (!parsed.is_object()) {
    return bad_body("Invalid JSON payload received. Unexpected token.\nExpected a JSON object.");
  }
  if (!parsed.contains("contents") || !parsed["contents"].is_array() ||
      parsed["contents"].empty()) {
    return bad_body("Unable to submit request because at least one contents field is required.");
  }
  ChatCall call;
  read_contents(parsed, call.prompt);
  read_tools(parsed, call.prompt);
  read_config(parsed, call.prompt);
  call.openai_json = openai_body(call);
  return call;
}

std::unique_ptr<Writer> gemini_writer(const ChatCall& call, const Stamp& stamp, GeminiForm form) {
  return std::make_unique<GeminiWriter>(call, stamp, form);
}

}  // namespace ek::emulator

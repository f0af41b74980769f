#include <nlohmann/json.hpp>

#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/writer.hpp"

namespace ek::emulator {
namespace {

using json = nlohmann::ordered_json;

// https://learn.microsoft.com/azure/machine-learning/prompt-flow/how-to-enable-streaming-mode:
// unnamed events with the answer's parts, and no end marker.
class PromptFlowStream final : public Writer {
 public:
  std::string_view content_type() const noexcept override {
    return "text/event-stream; charset=utf-8";
  }
  std::string piece(const Piece& piece) override {
    if (piece.kind != Piece::Kind::text) return {};
    return "data: " + to_text(json{{"answer", piece.text}}) + "\n\n";
  }
  std::string end(const Ending&) override { return {}; }
  std::string failure(const Error& error) override {
    const json body = {{"error", {{"code", "SystemError"}, {"message", error.message}}}};
    return "data: " + to_text(body) + "\n\n";
  }
};

class PromptFlowWhole final : public WholeWriter {
 public:
  std::string end(const Ending&) override { return to_text(json{{"answer", text_}}); }
};

}  // namespace

bool is_prompt_flow(std::string_view body) {
  const json parsed = parse_json<json>(body);
  return parsed.is_object() && parsed.contains("question") && parsed["question"].is_string();
}

Result<ChatCall> parse_prompt_flow(std::string_view body) {
  const json parsed = parse_json<json>(body);
  if (!parsed.is_object()) return bad_body("expected a JSON object with a text \"question\"");
  ChatCall call;
  const json history = parsed.value("chat_history", json::array());
  for (const json& turn : history) {
    if (!turn.is_object()) continue;
    const json inputs = turn.value("inputs", json::object());
    const json outputs = turn.value("outputs", json::object());
    if (inputs.is_object())
      call.prompt.messages.push_back({.role = "user", .text = text_in(inputs, "question")});
    if (outputs.is_object())
      call.prompt.messages.push_back({.role = "assistant", .text = text_in(outputs, "answer")});
  }
  call.prompt.messages.push_back({.role = "user", .text = text_in(parsed, "question")});
  call.openai_json = openai_body(call);
  return call;
}

std::unique_ptr<Writer> prompt_flow_writer(bool stream) {
  if (stream) return std::make_unique<PromptFlowStream>();
  return std::make_unique<PromptFlowWhole>();
}

}  // namespace ek::emulator

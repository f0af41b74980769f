#include <nlohmann/json.hpp>

#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/model.hpp"
#include "tools/emulator/writer.hpp"

namespace ek::emulator {
namespace {

using json = nlohmann::ordered_json;

std::string finish_of(const std::string& finish) { return finish == "stop" ? "eos_token" : finish; }

// Text Generation Inference's stream: one event a token; the last one carries the whole text.
class TgiStream final : public Writer {
 public:
  std::string_view content_type() const noexcept override { return "text/event-stream"; }
  std::string piece(const Piece& piece) override {
    if (piece.kind != Piece::Kind::text) return {};
    std::string written = held_ ? event(*held_, nullptr, nullptr) : "";
    held_ = piece.text;
    text_ += piece.text;
    return written;
  }
  std::string end(const Ending& ending) override {
    const json details = {{"finish_reason", finish_of(ending.finish)},
                          {"generated_tokens", ending.completion_tokens},
                          {"input_length", ending.prompt_tokens},
                          {"seed", nullptr}};
    return event(held_.value_or(""), text_, details);
  }
  std::string failure(const Error& error) override {
    const json body = {{"error", error.message}, {"error_type", "generation"}};
    return "data:" + to_text(body) + "\n\n";
  }

 private:
  std::string event(const std::string& token, const json& whole, const json& details) {
    const json body = {
        {"index", ++index_},
        {"token", {{"id", 1000 + index_}, {"text", token}, {"logprob", -0.25}, {"special", false}}},
        {"generated_text", whole},
        {"details", details}};
    return "data:" + to_text(body) + "\n\n";
  }

  std::optional<std::string> held_;
  std::string text_;
  int index_ = 0;
};

class TgiWhole final : public WholeWriter {
 public:
  explicit TgiWhole(bool details) : details_(details) {}
  std::string end(const Ending& ending) override {
    json item = {{"generated_text", text_}};
    if (details_) {
      item["details"] = {{"finish_reason", finish_of(ending.finish)},
                         {"generated_tokens", ending.completion_tokens},
                         {"prefill", json::array()},
                         {"seed", nullptr}};
    }
    return to_text(json::array({item}));
  }

 private:
  bool details_;
};

}  // namespace

bool is_tgi(std::string_view body) {
  const json parsed = parse_json<json>(body);
  return parsed.is_object() && parsed.contains("inputs") && parsed["inputs"].is_string();
}

Result<ChatCall> parse_tgi(std::string_view body) {
  const json parsed = parse_json<json>(body);
  if (!parsed.is_object() || text_in(parsed, "inputs").empty()) {
    return bad_body("expected a JSON object with a text \"inputs\" that is not empty");
  }
  const json parameters = parsed.value("parameters", json::object());
  ChatCall call{.model = "emulated-model"};
  call.prompt.messages.push_back({.role = "user", .text = text_in(parsed, "inputs")});
  if (parameters.is_object()) {
    call.prompt.max_tokens = tokens_in(parameters, "max_new_tokens", 100);
    call.prompt.temperature = number_in(parameters, "temperature", 0);
    call.prompt.seed = static_cast<std::uint64_t>(integer_in(parameters, "seed", 0));
    call.prompt.stop = texts_in(parameters, "stop");
    call.include_usage = parameters.value("details", json()) == true;
  }
  call.stream = parsed.value("stream", json()) == true;
  call.openai_json = openai_body(call);
  return call;
}

std::unique_ptr<Writer> tgi_writer(const ChatCall& call) {
  if (call.stream) return std::make_unique<TgiStream>();
  return std::make_unique<TgiWhole>(call.include_usage);
}

}  // namespace ek::emulator

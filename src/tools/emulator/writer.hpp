// How an answer is written down: each JSON that models speak is one Writer, streamed or whole.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tools/emulator/generation.hpp"

namespace ek::emulator {

/// Text of a body, piece by piece; what it gives joined is the body.
class Writer {
 public:
  virtual ~Writer() = default;
  [[nodiscard]] virtual std::string_view content_type() const noexcept = 0;
  virtual std::string begin() { return {}; }
  virtual std::string piece(const Piece& piece) = 0;
  virtual std::string end(const Ending& ending) = 0;
  /// After a piece, when nothing more will come but what is wrong.
  virtual std::string failure(const Error& error) = 0;
};

/// Collects the pieces for a writer that says all of it at the end.
class WholeWriter : public Writer {
 public:
  [[nodiscard]] std::string_view content_type() const noexcept override {
    return "application/json";
  }
  std::string piece(const Piece& piece) override;
  std::string failure(const Error&) override { return {}; }

 protected:
  std::string text_{};
  std::string reasoning_{};
  std::vector<ToolCall> tools_{};
};

/// Ids and times that go into the JSON.
struct Stamp {
  std::string id{};
  std::int64_t created = 0;
};

// One file each. parse_… fails with invalid_request and the words of a container that would have
// refused the body.
Result<ChatCall> parse_openai(std::string_view body);
std::unique_ptr<Writer> openai_writer(const ChatCall& call, const Stamp& stamp);
/// OpenAI's JSON for a call that came in another.
std::string openai_body(const ChatCall& call);

/// Text Generation Inference: {"inputs": …, "parameters": …, "stream": …}.
bool is_tgi(std::string_view body);
Result<ChatCall> parse_tgi(std::string_view body);
std::unique_ptr<Writer> tgi_writer(const ChatCall& call);

enum class GeminiForm { whole, sse, array };
Result<ChatCall> parse_gemini(std::string_view body);
std::unique_ptr<Writer> gemini_writer(const ChatCall& call, const Stamp& stamp, GeminiForm form);

/// Azure's prompt flow: {"question": …, "chat_history": […]}.
bool is_prompt_flow(std::string_view body);
Result<ChatCall> parse_prompt_flow(std::string_view body);
std::unique_ptr<Writer> prompt_flow_writer(bool stream);

}  // namespace ek::emulator

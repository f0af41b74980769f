// An answer under way, token by token, whoever makes it: the emulator's own model or a real server.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "endpointkit/error.hpp"
#include "tools/emulator/model.hpp"

namespace ek::emulator {

struct Piece {
  enum class Kind { text, reasoning, tool_name, tool_arguments } kind = Kind::text;
  std::string text{};
  int index = 0;  ///< Which tool call it belongs to.
};

struct Ending {
  std::string finish = "stop";  ///< In OpenAI's words: stop, length, tool_calls, content_filter.
  int prompt_tokens = 0;
  int completion_tokens = 0;
  int reasoning_tokens = 0;
};

/// One thread at a time.
class Generation {
 public:
  virtual ~Generation() = default;
  /// Blocks until the next piece; none at the end.
  /// Errors: whatever stopped the model in the middle.
  virtual Result<std::optional<Piece>> next() = 0;
  /// Known once next() gave none.
  [[nodiscard]] virtual Ending ending() const = 0;
};

/// A request for a chat, as a front door understood it.
struct ChatCall {
  Prompt prompt{};
  std::string model{};
  bool stream = false;
  bool include_usage = false;
  std::string openai_json{};  ///< The same in OpenAI's JSON, for an upstream.
};

/// Waits that long; false if the emulator is stopping.
using Pause = std::function<bool(std::chrono::nanoseconds)>;

/// The emulator's own model, at so many tokens a second (0: at once).
std::unique_ptr<Generation> generate(const Prompt& prompt, double tokens_per_second, Pause pause);

}  // namespace ek::emulator

// The emulator's own language model: pure, deterministic, and about whatever it is asked. It
// repeats the prompt's words in sentences that hold é, — and emoji, so that a client which splits
// UTF-8 or lines wrongly shows it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ek::emulator {

struct ChatMessage {
  std::string role{};  ///< "system", "user", "assistant" or "tool".
  std::string text{};
};

struct ChatTool {
  std::string name{};
  std::string parameters{};  ///< JSON schema, as text; "" if it takes none.
};

/// What a model needs to know of a request, whichever JSON it came in.
struct Prompt {
  std::vector<ChatMessage> messages{};
  std::vector<ChatTool> tools{};
  std::vector<std::string> stop{};
  int max_tokens = 256;    ///< Of reasoning and answer together.
  double temperature = 0;  ///< At 0 the seed does not count.
  std::uint64_t seed = 0;
  bool reasoning = false;  ///< Think aloud first.
  bool must_use_tool = false;
};

struct ToolCall {
  std::string name{};
  std::string arguments{};  ///< JSON text.
};

struct Answer {
  std::vector<std::string> reasoning{};  ///< Tokens; joined they are the text.
  std::vector<std::string> tokens{};
  std::optional<ToolCall> tool{};
  std::string finish = "stop";  ///< "stop", "length" or "tool_calls".
  int prompt_tokens = 0;
  int completion_tokens = 0;  ///< With those of the reasoning and of the tool call.
};

/// The same prompt gives the same answer, on every machine. It calls a tool if there is one and the
/// last user message asks for it: by its name, by "use the tool", or by "weather".
Answer answer(const Prompt& prompt);

/// The text as tokens of at most six characters, a blank belonging to the word after it. No token
/// splits a UTF-8 character.
std::vector<std::string> tokenize(std::string_view text);

/// What the last message of that role says; "" if there is none.
std::string_view last_text(const Prompt& prompt, std::string_view role);

/// The call that `prompt` asks for, if it does; arguments follow the tool's schema and take their
/// values from the prompt. In model_tools.cpp.
std::optional<ToolCall> choose_tool(const Prompt& prompt);

}  // namespace ek::emulator

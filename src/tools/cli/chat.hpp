// endpointkit chat: one streamed answer, or a conversation on a terminal.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "endpointkit/endpoint.hpp"
#include "tools/cli/output.hpp"

namespace ek::cli {

struct ChatArguments {
  std::string uri{};
  std::string
      message{};  ///< "" and a terminal: a conversation; "" and no terminal: standard input.
  std::string system{};
  bool json = false;   ///< Events as JSON lines instead of text.
  bool stats = false;  ///< Usage, time to first token and identity, on the error stream.
  std::optional<std::int64_t> max_tokens{};
  std::optional<double> temperature{};
  EndpointOptions options{};
  NetworkOptions network{};
};

/// Streams one answer to `arguments.message`.
ExitCode chat_once(const ChatArguments& arguments, std::ostream& out, std::ostream& err);
/// Reads lines from the terminal with editing and history until end of file or /quit. Ctrl-C
/// cancels the answer and not the program.
ExitCode chat_on_terminal(const ChatArguments& arguments, std::ostream& out, std::ostream& err);

}  // namespace ek::cli

#include "tools/cli/chat.hpp"

#include <editline/readline.h>
#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <ostream>

#include "base/text.hpp"
#include "dialect/json_text.hpp"
#include "tools/cli/target.hpp"

namespace ek::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

volatile std::sig_atomic_t interrupted_by_user = 0;
extern "C" void note_interrupt(int) { interrupted_by_user = 1; }

// While it lives, Ctrl-C is noted instead of ending the program.
class InterruptNoted {
 public:
  InterruptNoted() {
    interrupted_by_user = 0;
    struct sigaction action {};
    action.sa_handler = note_interrupt;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &before_);
  }
  ~InterruptNoted() { sigaction(SIGINT, &before_, nullptr); }
  InterruptNoted(const InterruptNoted&) = delete;
  InterruptNoted& operator=(const InterruptNoted&) = delete;

 private:
  struct sigaction before_ {};
};

ChatRequest make_request(const ChatArguments& arguments) {
  ChatRequest request{.max_tokens = arguments.max_tokens, .temperature = arguments.temperature};
  if (!arguments.system.empty()) request.messages.push_back(system(arguments.system));
  return request;
}

void show(const ChatEvent& event, bool json, std::ostream& out) {
  if (json) {
    out << dialect::to_json(event) << '\n';
  } else if (const auto* call = event.get_if<ToolCallStarted>()) {
    out << fmt::format("\n[calls {}] ", call->name);
  } else if (const auto* arguments = event.get_if<ToolCallDelta>()) {
    out << arguments->arguments;
  } else {
    out << event.text();
  }
  out.flush();
}

std::string count(const std::optional<std::int64_t>& tokens) {
  return tokens ? std::to_string(*tokens) : "?";
}

struct Answer {
  std::optional<Error> error;
  ChatReply reply;
};

void show_stats(const Endpoint& endpoint, const ChatReply& reply, std::optional<milliseconds> first,
                milliseconds total, std::ostream& err) {
  err << fmt::format(
      "[{} in, {} out tokens; first token {}; {} ms in all; finish {}; signed by {}]\n",
      count(reply.usage.input_tokens), count(reply.usage.output_tokens),
      first ? fmt::format("{} ms", first->count()) : "never", total.count(),
      to_string(reply.finish_reason), endpoint.describe_credentials());
}

// Streams one answer; Ctrl-C, where it is noted, cancels it.
Answer stream_answer(const Endpoint& endpoint, const ChatRequest& request,
                     const ChatArguments& arguments, std::ostream& out, std::ostream& err) {
  auto stream = endpoint.chat_stream(request);
  if (!stream) return {.error = std::move(stream).error(), .reply = {}};
  const auto began = steady_clock::now();
  const auto since = [&] {
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
  };
  std::optional<milliseconds> first;
  Answer answer;
  bool shown = false;
  while (out) {
    // A signal handler may not cancel by itself; looking at its flag ten times a second is soon
    // enough.
    while (!stream->wait(milliseconds(100))) {
      if (interrupted_by_user != 0) stream->cancel();
    }
    if (interrupted_by_user != 0) stream->cancel();
    auto event = stream->next();
    if (!event) break;
    if (!*event) {
      answer.error = std::move(*event).error();
      break;
    }
    if (!first && !(*event)->text().empty()) first = since();
    show(**event, arguments.json, out);
    shown = true;
  }
  if (!arguments.json && (shown || !answer.error)) out << '\n';
  out.flush();
  answer.reply = stream->reply();
  if (arguments.stats && !answer.error) show_stats(endpoint, answer.reply, first, since(), err);
  return answer;
}

// Models bill an answer to nothing, too.
Error no_message() {
  return {.code = ErrorCode::invalid_request,
          .phase = Phase::request,
          .message = "there is nothing to say: give a text with --message or on standard input"};
}

// A line of input without its end; "" after Ctrl-C, none at end of file.
std::optional<std::string> read_line() {
  interrupted_by_user = 0;
  const std::unique_ptr<char, decltype(&std::free)> line(readline("you> "), &std::free);
  if (interrupted_by_user != 0) {
    rl_free_line_state();
    return "";
  }
  if (line == nullptr) return std::nullopt;
  if (*line != '\0') add_history(line.get());
  return std::string(line.get());
}

}  // namespace

ExitCode chat_once(const ChatArguments& arguments, std::ostream& out, std::ostream& err) {
  const auto endpoint = open_endpoint(arguments);
  if (!endpoint) return report(endpoint.error(), arguments.json, err);
  if (trim(arguments.message).empty()) return report(no_message(), arguments.json, err);
  ChatRequest request = make_request(arguments);
  request.messages.push_back(user(arguments.message));
  const InterruptNoted interrupts;
  const Answer answer = stream_answer(*endpoint, request, arguments, out, err);
  return answer.error ? report(*answer.error, arguments.json, err) : success;
}

ExitCode chat_on_terminal(const ChatArguments& arguments, std::ostream& out, std::ostream& err) {
  const auto endpoint = open_endpoint(arguments);
  if (!endpoint) return report(endpoint.error(), arguments.json, err);
  out << fmt::format("Chatting with {}. Ctrl-C stops an answer; /quit or Ctrl-D ends.\n",
                     endpoint->uri());
  ChatRequest request = make_request(arguments);
  const InterruptNoted interrupts;
  while (out) {
    auto line = read_line();
    if (!line || *line == "/quit") break;
    if (line->empty()) continue;
    request.messages.push_back(user(*std::move(line)));
    interrupted_by_user = 0;
    Answer answer = stream_answer(*endpoint, request, arguments, out, err);
    if (answer.error) {
      report(*answer.error, arguments.json, err);
      request.messages.pop_back();  // a question without an answer would confuse the next one
    } else {
      request.messages.push_back(std::move(answer.reply.message));
    }
  }
  out << '\n';
  return success;
}

}  // namespace ek::cli

// What comes in a streamed answer besides text, and how do I know that it is whole?
#include <endpointkit/endpointkit.hpp>
#include <iostream>

namespace {

void show(const ek::ChatEvent& event) {
  if (const auto* thought = event.get_if<ek::ReasoningDelta>()) std::cerr << thought->text;
  if (const auto* call = event.get_if<ek::ToolCallStarted>())
    std::cerr << "[calls " << call->name << "]";
  if (const auto* more = event.get_if<ek::ProviderEvent>()) std::cerr << "[" << more->name << "]";
  std::cout << event.text() << std::flush;  // "" for all but text
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto endpoint = ek::open(argv[1]);
  if (!endpoint) return std::cerr << ek::describe(endpoint.error()) << '\n', 1;
  auto stream = endpoint->chat_stream({
      .messages = {ek::system("Answer in one sentence."), ek::user("Why is the sky blue?")},
      .max_tokens = 200,
  });
  if (!stream) return std::cerr << ek::describe(stream.error()) << '\n', 1;

  // A stream ends in one of two ways: with Finished, or with an error. Never by silence.
  while (const auto event = stream->next()) {
    if (!*event) return std::cerr << '\n' << ek::describe(event->error()) << '\n', 1;
    show(**event);
  }
  const ek::ChatReply& reply = stream->reply();  // all of it, put together
  std::cout << "\n[" << reply.text().size() << " bytes, finish reason "
            << ek::to_string(reply.finish_reason) << ", output tokens "
            << reply.usage.output_tokens.value_or(-1) << "]\n";
}

#include "tools/faces.hpp"

#include <variant>

#include "endpointkit/group.hpp"

namespace ek::test {
namespace {

const ChatRequest question{.messages = {user("Tell me about bridges.")}};
// The same in the JSON of the model behind `endpoint`.
InvokeRequest raw_question(const Endpoint& endpoint, bool stream) {
  if (endpoint.uri().find("vertex:") != std::string::npos)
    return {.body =
                R"({"contents":[{"role":"user","parts":[{"text":"Tell me about bridges."}]}]})"};
  return {.body =
              std::string(R"({"messages":[{"role":"user","content":"Tell me about bridges."}])") +
              (stream ? R"(,"stream":true})" : "}")};
}

Outcome invoke(const Client&, const Endpoint& endpoint, const CallOptions& options) {
  Outcome outcome;
  outcome.take(endpoint.invoke(raw_question(endpoint, false), options));
  return outcome;
}
Outcome invoke_stream(const Client&, const Endpoint& endpoint, const CallOptions& options) {
  Outcome outcome;
  auto stream = endpoint.invoke_stream(raw_question(endpoint, true), options).value();
  while (auto piece = stream.next()) outcome.take(*piece);
  if (!outcome.error) outcome.take(StreamEnd{});
  return outcome;
}
Outcome take_all(Loop& loop) {
  Outcome outcome;
  while (auto event = loop.next())
    std::visit([&](const auto& value) { outcome.take(value); }, event->value);
  return outcome;
}
Outcome loop_chat(const Client& client, const Endpoint& endpoint, const CallOptions& options) {
  Loop loop(client);
  loop.chat(endpoint, question, options).value();
  return take_all(loop);
}
Outcome loop_invoke(const Client& client, const Endpoint& endpoint, const CallOptions& options) {
  Loop loop(client);
  loop.invoke(endpoint, raw_question(endpoint, false), options).value();
  return take_all(loop);
}
Outcome loop_chat_stream(const Client& client, const Endpoint& endpoint,
                         const CallOptions& options) {
  Loop loop(client);
  loop.chat_stream(endpoint, question, options).value();
  return take_all(loop);
}
Outcome loop_invoke_stream(const Client& client, const Endpoint& endpoint,
                           const CallOptions& options) {
  Loop loop(client);
  loop.invoke_stream(endpoint, raw_question(endpoint, true), options).value();
  return take_all(loop);
}

constexpr bool in_loop = true;
constexpr bool in_group = true;
constexpr Face all_faces[] = {
    {"chat", whole_chat, chat},
    {"invoke", whole_bytes, invoke},
    {"chat_stream", chat_events, chat_stream},
    {"invoke_stream", byte_pieces, invoke_stream},
    {"loop.chat", whole_chat, loop_chat, in_loop},
    {"loop.invoke", whole_bytes, loop_invoke, in_loop},
    {"loop.chat_stream", chat_events, loop_chat_stream, in_loop},
    {"loop.invoke_stream", byte_pieces, loop_invoke_stream, in_loop},
    {"group.chat", whole_chat, chat, false, in_group},
    {"group.invoke", whole_bytes, invoke, false, in_group},
    {"group.chat_stream", chat_events, chat_stream, false, in_group},
    {"group.invoke_stream", byte_pieces, invoke_stream, false, in_group},
    {"loop.group.chat", whole_chat, loop_chat, in_loop, in_group},
    {"loop.group.chat_stream", chat_events, loop_chat_stream, in_loop, in_group},
};

}  // namespace

Outcome chat(const Client&, const Endpoint& endpoint, const CallOptions& options) {
  Outcome outcome;
  outcome.take(endpoint.chat(question, options));
  return outcome;
}
Outcome chat_stream(const Client&, const Endpoint& endpoint, const CallOptions& options) {
  Outcome outcome;
  auto stream = endpoint.chat_stream(question, options).value();
  while (auto event = stream.next()) outcome.take(*event);
  return outcome;
}

Outcome Face::run(const Client& client, const Endpoint& endpoint,
                  const CallOptions& options) const {
  if (!in_group) return ask(client, endpoint, options);
  return ask(client, make_group({{&endpoint}}).value(), options);
}

std::span<const Face> faces() { return all_faces; }

}  // namespace ek::test

// How do I hold many conversations at once, on one thread?
#include <endpointkit/endpointkit.hpp>
#include <iostream>
#include <map>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const ek::Client client;
  const auto endpoint = client.open(argv[1]);
  if (!endpoint) return std::cerr << ek::describe(endpoint.error()) << '\n', 1;

  ek::Loop loop(client);
  std::map<ek::CallId, std::string> answers;
  for (const std::string name : {"Ada", "Grace", "Edsger", "Barbara"}) {
    const auto call = loop.chat_stream(*endpoint, {.messages = {ek::user("Greet " + name + ".")}});
    if (!call) return std::cerr << ek::describe(call.error()) << '\n', 1;
    answers[*call] = name + ": ";
  }
  bool good = true;
  while (const auto event = loop.next()) {  // of whichever call has one
    if (const auto* part = event->get_if<ek::ChatEvent>()) answers[event->call] += part->text();
    if (const auto* error = event->get_if<ek::Error>()) {
      answers[event->call] += ek::describe(*error);
      good = false;
    }
    if (event->last) std::cout << answers[event->call] << '\n';
  }
  return good ? 0 : 1;
}

// How long may a call take, how often is it tried, and how do I stop it?
#include <endpointkit/endpointkit.hpp>
#include <iostream>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  // For all endpoints of this client; each call can have its own.
  const ek::Client client({
      .timeouts = {.connect = 3s, .first_event = 60s, .idle = 20s, .total = 5min},
      .retry = {.max_attempts = 5},
  });
  const auto endpoint = client.open(argv[1]);
  if (!endpoint) return std::cerr << ek::describe(endpoint.error()) << '\n', 1;

  std::stop_source
      stop;  // request_stop() may come from any thread, a signal handler's helper, a window
  auto stream = endpoint->chat_stream({.messages = {ek::user("Count to a thousand.")}},
                                      {.stop = stop.get_token()});
  if (!stream) return std::cerr << ek::describe(stream.error()) << '\n', 1;
  while (const auto event = stream->next()) {
    if (!*event) {
      std::cout << "\nended: " << ek::to_string(event->error().code) << '\n';
      return event->error().code == ek::ErrorCode::cancelled ? 0 : 1;
    }
    std::cout << (*event)->text() << std::flush;
    if (!(*event)->text().empty()) stop.request_stop();  // one piece is enough
  }
  std::cerr << "the stream ended before it was stopped\n";
  return 1;
}

// How do I await a streamed answer in my asio program?
#include <asio.hpp>
#include <endpointkit/asio.hpp>
#include <endpointkit/endpointkit.hpp>
#include <iostream>

namespace {

asio::awaitable<bool> talk(ek::AsioDispatcher& calls, const ek::Endpoint& endpoint) {
  auto stream = calls.chat_stream(endpoint, {.messages = {ek::user("Tell me about bridges.")}});
  while (const auto event = co_await stream.async_next(asio::use_awaitable)) {
    if (!*event) {
      std::cerr << ek::describe(event->error()) << '\n';
      co_return false;
    }
    std::cout << (*event)->text() << std::flush;
  }
  std::cout << '\n';
  co_return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const ek::Client client;
  const auto endpoint = client.open(argv[1]);
  if (!endpoint) return std::cerr << ek::describe(endpoint.error()) << '\n', 1;

  asio::io_context io;
  ek::AsioDispatcher calls(io.get_executor(), client);
  auto good = asio::co_spawn(io, talk(calls, *endpoint), asio::use_future);
  io.run();
  return good.get() ? 0 : 1;
}

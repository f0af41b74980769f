// How do I hold a conversation? Send the answers back as they came.
#include <endpointkit/endpointkit.hpp>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto endpoint = ek::open(argv[1]);
  if (!endpoint) return std::cerr << ek::describe(endpoint.error()) << '\n', 1;

  ek::ChatRequest request{.messages = {ek::system("You are brief.")}};
  for (const char* question : {"Name a river.", "Which country does it flow through?"}) {
    request.messages.push_back(ek::user(question));
    auto reply = endpoint->chat(request);
    if (!reply) return std::cerr << ek::describe(reply.error()) << '\n', 1;
    std::cout << "> " << question << '\n' << reply->text() << '\n';
    // The message, not its text: it holds signatures and parts that some models want back.
    request.messages.push_back(std::move(reply->message));
  }
}

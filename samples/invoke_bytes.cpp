// How do I call a model that is no chat model? Send it bytes in the format of its container.
#include <endpointkit/endpointkit.hpp>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto endpoint = ek::open(argv[1]);
  if (!endpoint) return std::cerr << ek::describe(endpoint.error()) << '\n', 1;

  const auto reply = endpoint->invoke(
      {.body = R"({"instances": [[5.1, 3.5, 1.4, 0.2]]})", .content_type = "application/json"});
  if (!reply) return std::cerr << ek::describe(reply.error()) << '\n', 1;
  std::cout << reply->body << "\n[" << reply->content_type << ", request " << reply->request_id
            << "]\n";
}

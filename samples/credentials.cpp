// How do I give credentials myself, and share connections and tokens between endpoints?
#include <cstdlib>
#include <endpointkit/endpointkit.hpp>
#include <iostream>

namespace {

// Your secret store here. A Secret never shows itself: printing one gives ***.
ek::Secret secret_of(const char* name) {
  const char* text = std::getenv(name);
  return ek::Secret(text != nullptr ? text : "");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const char* id = std::getenv("AWS_ACCESS_KEY_ID");
  const auto keys = ek::Credentials::aws_keys(
      id != nullptr ? id : "", secret_of("AWS_SECRET_ACCESS_KEY"), secret_of("AWS_SESSION_TOKEN"));
  const ek::Client client;  // cheap to copy; owns connections, tokens and the retry budget
  for (const auto& options : {ek::EndpointOptions{}, {{"target_variant", "canary"}}}) {
    const auto endpoint = client.open(argv[1], keys, options);
    if (!endpoint) return std::cerr << ek::describe(endpoint.error()) << '\n', 1;
    std::cout << endpoint->uri() << " as " << endpoint->describe_credentials() << '\n';
    const auto reply = endpoint->chat({.messages = {ek::user("Hello!")}});
    if (!reply) return std::cerr << ek::describe(reply.error()) << '\n', 1;
    std::cout << reply->text() << '\n';
  }
}

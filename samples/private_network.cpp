// My endpoint is behind a proxy, a private link or a gateway with its own certificates: which way?
//   private_network URI [NAME=VALUE…], for example proxy=http://proxy.corp:3128, ca_file=corp.pem,
//   certificate_file=me.pem, routes=runtime.sagemaker.eu-west-1.amazonaws.com:443:10.0.0.5
#include <endpointkit/endpointkit.hpp>
#include <iostream>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  // Load balancers on private links forget connections that are quiet for longer.
  ek::NetworkOptions network{.keep_alive = std::chrono::seconds(45)};
  for (int i = 2; i < argc; ++i) {
    const std::string_view text = argv[i];
    const auto equals = text.find('=');
    const auto value = equals == text.npos ? std::string_view() : text.substr(equals + 1);
    const auto set = ek::set_network_option(network, text.substr(0, equals), value);
    if (!set) return std::cerr << ek::describe(set.error()) << '\n', 2;
  }
  const ek::Client client({.network = network});
  const auto endpoint = client.open(argv[1]);
  if (!endpoint) return std::cerr << ek::describe(endpoint.error()) << '\n', 1;
  const auto reply = endpoint->chat({.messages = {ek::user("Are you there?")}});
  // A network that is in the way is named: which proxy, which route, whose certificate.
  if (!reply) return std::cerr << ek::describe(reply.error()) << '\n', 1;
  std::cout << reply->text() << '\n';
}

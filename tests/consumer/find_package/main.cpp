// consumer VERSION: links the whole library, and fails without touching the network.
#include <endpointkit/endpointkit.hpp>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2 || std::string_view(ENDPOINTKIT_VERSION) != argv[1]) return 1;
  const auto opened = ek::open("nowhere://at/all");
  if (opened || opened.error().code != ek::ErrorCode::invalid_request) return 2;
  std::cout << ek::describe(opened.error()) << '\n';
}

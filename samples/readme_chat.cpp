// The shortest whole program. README.md shows what stands between the two markers.
// [readme]
#include <endpointkit/endpointkit.hpp>
#include <iostream>

int main(int, char** argv) try {
  const auto endpoint = ek::open(argv[1]).value();  // "sagemaker://eu-west-1/my-llama"
  auto stream = endpoint.chat_stream({.messages = {ek::user("Hello!")}}).value();
  while (auto event = stream.next()) std::cout << event->value().text() << std::flush;
} catch (const ek::Exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
// [readme]

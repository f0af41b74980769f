// How do I read a recorded stream, or one that my own HTTP client receives? No network is involved.
#include <endpointkit/endpointkit.hpp>
#include <endpointkit/ext/decoder.hpp>
#include <iostream>

int main() {
  constexpr std::string_view pieces[] = {
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel", "lo\"}}]}\n\n",
      "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: "
      "[DONE]\n\n"};
  auto decoder = ek::ChatDecoder::create({.dialect = "openai"});
  if (!decoder) return std::cerr << ek::describe(decoder.error()) << '\n', 1;
  for (const auto& piece : pieces) {
    decoder->append(piece, &piece == &pieces[std::size(pieces) - 1]);
    while (true) {
      const auto event = decoder->next();
      if (!event) return std::cerr << ek::describe(event.error()) << '\n', 1;
      if (!*event) break;
      std::cout << (*event)->text();
    }
  }
  std::cout << "\nfinish reason " << ek::to_string(decoder->reply().finish_reason) << '\n';
}

#include <string>

#include "base/crc32.hpp"
#include "fuzz/fuzz.hpp"
#include "wire/event_stream.hpp"

namespace {

void put_u32(std::string& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> (24 - 8 * i));
}

// Gives the input as one message the right lengths and checksums, which chance would never find;
// what lies between is the fuzzer's.
std::string with_right_checksums(std::string_view sizes, std::string_view body) {
  std::string bytes = std::string(12, '\0') + std::string(body) + std::string(4, '\0');
  const auto headers = static_cast<std::uint32_t>(
      sizes.empty() ? 0 : body.size() * static_cast<unsigned char>(sizes[0]) / 255);
  put_u32(bytes, 0, static_cast<std::uint32_t>(bytes.size()));
  put_u32(bytes, 4, headers);
  put_u32(bytes, 8, ek::crc32(std::string_view(bytes).substr(0, 8)));
  put_u32(bytes, bytes.size() - 4, ek::crc32(std::string_view(bytes).substr(0, bytes.size() - 4)));
  return std::string(sizes) + bytes + bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias any bytes.
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto make = [] {
    return std::make_unique<ek::wire::EventStreamDecoder>(ek::wire::explain_any_exception, 1024);
  };
  ek::fuzz::check_cuts(input, make);
  if (input.size() >= 4) {
    ek::fuzz::check_cuts(with_right_checksums(input.substr(0, 4), input.substr(4)), make);
  }
  return 0;
}

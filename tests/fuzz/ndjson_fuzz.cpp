#include "fuzz/fuzz.hpp"
#include "wire/ndjson.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias any bytes.
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  ek::fuzz::check_cuts(input, [] { return std::make_unique<ek::wire::NdjsonDecoder>(64); });
  return 0;
}

#include <cstddef>
#include <cstdint>

#include "fuzz/dialect_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias any bytes.
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  ek::fuzz::run_dialect("tgi", input);
  return 0;
}

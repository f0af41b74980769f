#include "fuzz/fuzz.hpp"
#include "wire/sse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias any bytes.
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  for (const bool keep_unterminated : {true, false}) {
    ek::fuzz::check_cuts(input, [=] {
      return std::make_unique<ek::wire::SseDecoder>(
          ek::wire::SseOptions{.max_frame_bytes = 64, .keep_unterminated = keep_unterminated});
    });
  }
  return 0;
}

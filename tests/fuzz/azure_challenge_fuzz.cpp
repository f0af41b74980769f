// Challenges of strangers' servers, and the token answers behind them.
#include <cstdint>
#include <string_view>

#include "signing/azure/challenge.hpp"
#include "signing/azure/token_reply.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias any bytes.
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  (void)ek::find_claims_challenge({.headers = {{"www-authenticate", std::string(input)}}});
  (void)ek::parse_entra_token(input, std::chrono::sys_seconds(std::chrono::hours(500'000)));
  return 0;
}

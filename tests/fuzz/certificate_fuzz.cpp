// Certificates with keys, PEM and PFX: read or refused with a reason.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "signing/crypto/certificate.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias any bytes.
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto read = ek::parse_client_certificate(input, ek::Secret("secret"));
  if (read && read->chain.empty()) std::abort();
  // A key whose parts do not fit each other may refuse to sign.
  if (read) (void)read->key.sign_ps256("text");
  if (!read && read.error().message.empty()) std::abort();
  return 0;
}

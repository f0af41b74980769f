// Private keys as they are pasted: what is read as a key signs, and is read again from its own PEM.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "signing/crypto/rsa.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias any bytes.
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  (void)ek::RsaPublicKey::parse(input);
  const auto key = ek::RsaPrivateKey::parse(input);
  if (!key) return 0;
  const auto again = ek::RsaPrivateKey::parse(key->pem().reveal());
  if (!again || again->public_key().pem() != key->public_key().pem()) std::abort();
  // A key whose parts do not fit each other may refuse to sign; it may not sign wrongly.
  const auto signature = key->sign_rs256("message");
  if (signature) (void)key->public_key().verify_rs256("message", *signature);
  return 0;
}

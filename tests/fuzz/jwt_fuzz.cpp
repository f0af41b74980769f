// Tokens as services give them: parts that are read are the parts that were there, and no text is
// believed that this program did not sign.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/base64.hpp"
#include "signing/google/account.hpp"
#include "signing/jwt.hpp"
#include "support/test_environment.hpp"

namespace {

void require(bool good) {
  if (!good) std::abort();
}

const ek::RsaPublicKey& some_key() {
  static const ek::RsaPublicKey key = ek::RsaPrivateKey::generate().value().public_key();
  return key;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias any bytes.
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  require(!ek::verify_jwt(input, some_key()));
  const auto environment = ek::test::make_environment(std::make_shared<ek::test::ManualClock>());
  const auto id_token = ek::make_id_token(std::string(input), *environment);
  const auto jwt = ek::parse_jwt(input);
  if (!jwt) return 0;
  require(input.starts_with(jwt->signing_input + '.'));
  const auto again = ek::parse_jwt(ek::base64url_encode(jwt->header_json) + '.' +
                                   ek::base64url_encode(jwt->claims_json) + '.' +
                                   ek::base64url_encode(jwt->signature));
  require(again && again->claims_json == jwt->claims_json && again->signature == jwt->signature &&
          again->algorithm == jwt->algorithm && again->key_id == jwt->key_id);
  return 0;
}

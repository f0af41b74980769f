// X.509 certificates that prove who one is, with the private key that belongs to them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/error.hpp"
#include "endpointkit/secret.hpp"
#include "signing/crypto/rsa.hpp"

namespace ek {

/// A value; copies share the key. Safe from all threads.
struct ClientCertificate {
  RsaPrivateKey key;
  /// DER, the key's own certificate first, then what came with it in the order of the file.
  std::vector<std::string> chain{};
};

/// Reads PEM (a private key and one certificate or more, in any order) and PKCS#12 (PFX), told
/// apart by their bytes. `password` opens PFX and encrypted PEM keys.
/// Errors: authentication/credentials, saying what is missing or wrong: no key, no certificate, a
/// key that belongs to none of the certificates, a wrong password, no RSA key of 2048 bits or more.
Result<ClientCertificate> parse_client_certificate(std::string_view bytes, const Secret& password);

}  // namespace ek

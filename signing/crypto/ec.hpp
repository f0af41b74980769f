// Keys on the curve P-256 for ECDSA with SHA-256 (FIPS 186-5 §6), as SigV4a (DER) and ES256 (RFC
// 7518 §3.4: r and s side by side) want them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "endpointkit/secret.hpp"
#include "signing/crypto/sha256.hpp"

namespace ek {

/// A value; copies share the key. Safe from all threads.
class EcPublicKey {
 public:
  /// From its coordinates, 32 bytes each. Errors: authentication/credentials if that is no point of
  /// the curve.
  static Result<EcPublicKey> from_point(std::string_view x, std::string_view y);

  /// The coordinates, 32 bytes each.
  [[nodiscard]] std::string x() const;
  [[nodiscard]] std::string y() const;
  /// `signature` in DER.
  [[nodiscard]] bool verify(std::string_view message, std::string_view signature) const;

 private:
  friend class EcPrivateKey;
  explicit EcPublicKey(std::shared_ptr<void> key) : key_(std::move(key)) {}
  std::shared_ptr<void> key_;  // EVP_PKEY
};

/// A value; copies share the key. Safe from all threads.
class EcPrivateKey {
 public:
  /// From the number itself, big-endian. Errors: authentication/credentials if it is not between 1
  /// and the order of the curve.
  static Result<EcPrivateKey> from_scalar(const Digest& scalar);
  /// Reads SEC1 ("EC PRIVATE KEY") and PKCS#8 ("PRIVATE KEY").
  /// Errors: authentication/credentials if `pem` holds no unencrypted P-256 key.
  static Result<EcPrivateKey> parse(std::string_view pem);

  [[nodiscard]] EcPublicKey public_key() const { return EcPublicKey(key_); }
  /// In DER. Different at each call, since ECDSA draws a random number.
  [[nodiscard]] Result<std::string> sign(std::string_view message) const;
  /// r and s, 32 bytes each: a JWT's ES256.
  [[nodiscard]] Result<std::string> sign_es256(std::string_view message) const;

 private:
  explicit EcPrivateKey(std::shared_ptr<void> key) : key_(std::move(key)) {}
  std::shared_ptr<void> key_;  // EVP_PKEY
};

}  // namespace ek

// RSA keys for RS256 (RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518 §3.3) and PS256 (RSASSA-PSS with
// SHA-256 and a salt of 32 bytes, §3.5). A key is parsed once, which costs more than a signature,
// and then shared.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "endpointkit/secret.hpp"

namespace ek {

/// A value; copies share the key. Safe from all threads.
class RsaPublicKey {
 public:
  /// Errors: authentication/credentials if `pem` is no "PUBLIC KEY" with an RSA key in it.
  static Result<RsaPublicKey> parse(std::string_view pem);

  /// SubjectPublicKeyInfo as PEM.
  [[nodiscard]] std::string pem() const;
  [[nodiscard]] bool verify_rs256(std::string_view message, std::string_view signature) const;
  [[nodiscard]] bool verify_ps256(std::string_view message, std::string_view signature) const;

 private:
  friend class RsaPrivateKey;
  explicit RsaPublicKey(std::shared_ptr<void> key) : key_(std::move(key)) {}
  std::shared_ptr<void> key_;  // EVP_PKEY
};

/// A value; copies share the key. Safe from all threads.
class RsaPrivateKey {
 public:
  /// Reads PKCS#8 ("PRIVATE KEY") and PKCS#1 ("RSA PRIVATE KEY"), also as they come out of shells
  /// and environment variables: in quotes, with CRLF, with literal \n, without line breaks or
  /// without armour.
  /// Errors: authentication/credentials, saying what it is instead: encrypted, an EC key, an
  /// OpenSSH key, a certificate, shorter than 2048 bits.
  static Result<RsaPrivateKey> parse(std::string_view pem);
  /// A new key, of at least 2048 bits.
  static Result<RsaPrivateKey> generate(int bits = 2048);

  /// PKCS#8 as PEM.
  [[nodiscard]] Secret pem() const;
  [[nodiscard]] RsaPublicKey public_key() const { return RsaPublicKey(key_); }
  [[nodiscard]] Result<std::string> sign_rs256(std::string_view message) const;
  /// Salted: two signatures of one message differ.
  [[nodiscard]] Result<std::string> sign_ps256(std::string_view message) const;

 private:
  explicit RsaPrivateKey(std::shared_ptr<void> key) : key_(std::move(key)) {}
  std::shared_ptr<void> key_;  // EVP_PKEY
};

}  // namespace ek

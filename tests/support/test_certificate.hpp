// Self-signed certificates, made while the test runs.
#pragma once

#include <memory>
#include <string>

struct x509_st;
struct evp_pkey_st;
struct ssl_ctx_st;

namespace ek::testing {

class TestCertificate {
 public:
  /// `names` as in X.509's subjectAltName: "DNS:localhost,IP:127.0.0.1".
  explicit TestCertificate(const std::string& names);

  [[nodiscard]] x509_st* certificate() const noexcept { return certificate_.get(); }
  [[nodiscard]] evp_pkey_st* key() const noexcept { return key_.get(); }
  /// The certificate alone, as a CA bundle has it.
  [[nodiscard]] std::string pem() const;
  /// The key, in the clear or encrypted.
  [[nodiscard]] std::string key_pem(const std::string& password = "") const;
  [[nodiscard]] std::string der() const;
  /// SHA-1 of the certificate, in capital hex digits as Windows shows it.
  [[nodiscard]] std::string thumbprint() const;
  /// SHA-256 of the public key, as pins have it.
  [[nodiscard]] std::string pin() const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> certificate_;
};

/// For servers. If `demanded` is set, clients must show that certificate.
std::shared_ptr<ssl_ctx_st> make_server_tls(const TestCertificate& certificate,
                                            const TestCertificate* demanded = nullptr);

}  // namespace ek::testing

// Self-signed certificates, made while the test runs.
#pragma once

#include <memory>
#include <string>

struct x509_st;
struct evp_pkey_st;

namespace ek::testing {

class TestCertificate {
 public:
  /// `names` as in X.509's subjectAltName: "DNS:localhost,IP:127.0.0.1".
  explicit TestCertificate(const std::string& names);

  [[nodiscard]] x509_st* certificate() const noexcept { return certificate_.get(); }
  [[nodiscard]] evp_pkey_st* key() const noexcept { return key_.get(); }
  /// The certificate alone, as a CA bundle has it.
  [[nodiscard]] std::string pem() const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> certificate_;
};

}  // namespace ek::testing

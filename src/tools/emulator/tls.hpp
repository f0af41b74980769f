// Certificates for the emulator's TLS port, and those that clients show there.
#pragma once

#include <string>

#include "endpointkit/error.hpp"
#include "endpointkit/secret.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace ek::emulator {

/// One that signs itself, good for a day, for this machine's names on loopback.
struct TlsCertificate {
  std::string certificate_pem{};
  Secret key_pem{};
  std::string der{};

  /// SHA-1 of the DER in capital hex digits, as Windows and Service Fabric show it.
  [[nodiscard]] std::string thumbprint() const;
};
/// Errors: server_error if OpenSSL fails.
Result<TlsCertificate> make_tls_certificate(const std::string& name);

/// For a server: shows `certificate`, takes HTTP/2 from clients that offer it, asks them for theirs
/// and accepts any or none, since which one it is decides a service. False if OpenSSL refuses.
bool set_up_tls(ssl_ctx_st& context, const TlsCertificate& certificate);
/// DER of what the client showed; "" for nothing.
std::string client_certificate_of(const ssl_st* connection);

}  // namespace ek::emulator

// What OpenSSL itself must be told about one TLS connection, where libcurl's options do not reach.
#pragma once

#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "endpointkit/secret.hpp"

namespace ek {

/// Whether contexts of this libcurl may be given to the functions below: its OpenSSL must be ours.
bool takes_our_openssl() noexcept;

/// Makes an SSL_CTX show the first certificate of `certificates` to servers that ask for one, with
/// the rest as its chain. Errors: transport/tls, naming `origin` and what is wrong with it.
Result<void> show_certificate(void* ssl_ctx, std::string_view certificates, std::string_view key,
                              const Secret& password, std::string_view origin);

/// A server that is known by its certificate alone, as one that signs its own.
struct Thumbprint {
  std::string expected{};  ///< SHA-1 of the certificate's DER, 40 hex digits in any case.
  std::string found{};     ///< Of the server's, in small letters; "" before the handshake.
};
/// Makes the handshakes of an SSL_CTX fail unless the server has that certificate; neither roots
/// nor names nor dates take part. Lifetime: `thumbprint` is used until the handshake is over.
void require_thumbprint(void* ssl_ctx, Thumbprint& thumbprint);

}  // namespace ek

// How a client reaches its endpoints: proxies, private addresses, whom it trusts, how it proves
// itself in TLS, and how long its connections live.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/error.hpp"
#include "endpointkit/export.hpp"
#include "endpointkit/secret.hpp"

namespace ek {

enum class HttpVersion {
  automatic,  ///< HTTP/1.1 with libcurl before 8.1 (it resets finished streams), else as http2.
  http1,
  /// Offered by ALPN on https; HTTP/1.1 where the server does not take it, and on http. Calls of a
  /// loop share connections once their host has answered one in HTTP/2; until then each makes its
  /// own. With libcurl before 8.1 a stream that is held back, because its reader is slow, holds
  /// back all that share its connection.
  http2,
};

/// Who this program is to servers that ask for a certificate (mTLS). Either files, which are read
/// for each new connection, so that a renewed certificate is taken at once; or text. An https proxy
/// that asks is shown it too.
struct TlsIdentity {
  std::string file{};      ///< PEM: the certificate, then its intermediates; maybe the key too.
  std::string key_file{};  ///< PEM; "" if the key stands in `file`.
  Secret pem{};            ///< PEM: the certificate, its intermediates and the key.
  Secret key_password{};   ///< If the key is encrypted.

  [[nodiscard]] bool empty() const noexcept { return file.empty() && pem.empty(); }
  bool operator==(const TlsIdentity&) const = default;
};

/// Where connections for a host go instead, as to the address of a private endpoint. The Host
/// header, SNI and the name that the certificate must have stay those of the URL. A proxy is asked
/// for the new place.
struct Route {
  std::string host{};  ///< "" for every host.
  int port = 0;        ///< 0 for every port.
  std::string to{};    ///< A name or an address, [in brackets] if it is one of IPv6.
  int to_port = 0;     ///< 0 for the port of the URL.

  bool operator==(const Route&) const = default;
};

/// A public key that a host must have, beside a certificate that is trusted. Several for one host
/// are alternatives.
struct PinnedKey {
  std::string host{};  ///< "" for every host, those that tokens come from included.
  std::string key{};   ///< "sha256//" and the base64 of the SHA-256 of its SubjectPublicKeyInfo.

  bool operator==(const PinnedKey&) const = default;
};

/// Of a client. A part of another Transport's options is that Transport's own affair: these go to
/// the one that ships with the library.
struct NetworkOptions {
  /// http, https, socks5 or socks5h (which resolves names at the proxy) "://HOST[:PORT]"; "" for
  /// none. Unset: HTTPS_PROXY or HTTP_PROXY, else ALL_PROXY, in small or capital letters, from the
  /// client's environment; those are never asked for this very machine. Metadata services are
  /// always asked directly.
  std::optional<std::string> proxy{};
  std::string proxy_user{};
  Secret proxy_password{};
  /// Hosts that are reached directly, with commas between them: "example.com" (and all below it),
  /// "10.0.0.0/8", "host:8080", "*". Unset: NO_PROXY or no_proxy from the client's environment.
  std::optional<std::string> no_proxy{};

  /// PEM bundle to trust instead of that of SSL_CERT_FILE, SSL_CERT_DIR or the system.
  std::string ca_file{};
  TlsIdentity client_certificate{};
  std::vector<PinnedKey> pinned_keys{};
  std::vector<Route> routes{};

  /// Probes on quiet connections, so that no NAT or load balancer on the way forgets them while a
  /// model thinks (AWS's do after 350 s, Azure's after 240 s). 0: none.
  std::chrono::seconds keep_alive{60};
  /// Connections that were unused for longer are closed instead of used again. Servers and
  /// middleboxes tend to drop them at 60 s.
  std::chrono::seconds max_idle{55};
  /// Connections that were opened longer ago take no new request. 0: no limit.
  std::chrono::seconds max_age{0};
  HttpVersion http_version = HttpVersion::automatic;
  /// What all answers of the client together may have waiting, come but not yet asked for; beyond
  /// that, senders are slowed down. One answer has 128 KiB of it at most, and its equal share where
  /// many are under way, but always 16 KiB.
  std::size_t max_buffered_bytes = std::size_t{64} << 20U;

  bool operator==(const NetworkOptions&) const = default;
};

/// Pure: looks at the texts, neither at files nor at the network. Errors: invalid_request/request,
/// naming the option and what it wants, and no secret.
EK_API Result<void> check_network_options(const NetworkOptions& options);

/// Sets one option by its name and a text, for command lines and other languages. The names are
/// those of the members, with these of their own: certificate_file, certificate_key_file,
/// certificate_pem, certificate_key_password; keep_alive_s, max_idle_s, max_age_s; http_version is
/// "auto", "1.1" or "2". Lists have commas between their items: routes "HOST:PORT:TO[:PORT]" as
/// curl's --connect-to has them, pinned_keys "[HOST=]sha256//BASE64".
/// Errors: as above, also for a name that is none.
EK_API Result<void> set_network_option(NetworkOptions& options, std::string_view name,
                                       std::string_view value);
/// All names, with ", " between them.
EK_API std::string network_option_names();

}  // namespace ek

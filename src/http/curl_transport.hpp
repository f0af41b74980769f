// The Transport that ships with the library, on libcurl. One lane is one curl multi handle, driven
// by the thread that waits on it; what lanes share (DNS answers, TLS sessions, trusted roots) is
// locked inside. Certificates are always verified, redirects never followed, replies never decoded,
// and no signal handler of the process is touched.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "endpointkit/ext/environment.hpp"
#include "endpointkit/ext/transport.hpp"

namespace ek {

enum class HttpVersion {
  automatic,  ///< HTTP/1.1 with libcurl 7 (its HTTP/2 resets finished streams), else as http2.
  http1,
  http2,  ///< Offered by ALPN on https; HTTP/1.1 where the server does not take it, and on http.
};

struct HttpOptions {
  std::string ca_file{};  ///< PEM bundle to trust instead of the system's; see CaStore.
  std::string user_agent = "endpointkit";
  std::optional<std::string>
      proxy{};  ///< None: from the environment, as libcurl reads it. "": none.
  HttpVersion http_version = HttpVersion::automatic;
  /// Connections that were unused for longer are closed instead of used again. Servers and
  /// middleboxes tend to drop them at 60 s.
  std::chrono::seconds max_idle{55};
  std::size_t max_head_bytes = 256 * 1024;  ///< Status line and headers of one answer.
  /// A kept connection that dies without a byte of an answer was most likely stale, and the request
  /// goes out again on a new one. Not so if it lived longer than this after the request went out:
  /// then the server may have been at work, and the exchange fails.
  std::chrono::milliseconds resend_window{1000};
  /// For SSL_CERT_FILE, SSL_CERT_DIR and reading the bundle. Null for the real one.
  std::shared_ptr<const Environment> environment{};
};

/// Touches neither the network nor the disk; the roots are read at the first https connection.
/// Errors come with the exchanges: see Exchange::error(), and invalid_request/request for a header
/// or URL that cannot be sent. Threads: any. Lanes keep alive what they need of it.
std::shared_ptr<Transport> make_curl_transport(const HttpOptions& options);

}  // namespace ek

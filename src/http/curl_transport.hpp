// The Transport that ships with the library, on libcurl. One lane is one curl multi handle, driven
// by the thread that waits on it; what lanes share (DNS answers, TLS sessions, trusted roots) is
// locked inside. Certificates are always verified, redirects never followed, replies never decoded,
// and no signal handler of the process is touched.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "endpointkit/ext/environment.hpp"
#include "endpointkit/ext/transport.hpp"
#include "endpointkit/network.hpp"

namespace ek {

struct HttpOptions {
  NetworkOptions network{};
  std::string user_agent = "endpointkit";
  std::size_t max_head_bytes = 256 * 1024;  ///< Status line and headers of one answer.
  /// A kept connection that dies without a byte of an answer was most likely stale, and the request
  /// goes out again on a new one. Not so if it lived longer than this after the request went out:
  /// then the server may have been at work, and the exchange fails.
  std::chrono::milliseconds resend_window{1000};
  /// For the variables of proxies and roots, and for reading certificates. Null for the real one.
  std::shared_ptr<const Environment> environment{};
};

/// Touches neither the network nor the disk; the roots are read at the first https connection.
/// Errors come with the exchanges: see Exchange::error(), and invalid_request/request for a header
/// or URL that cannot be sent. Threads: any. Lanes keep alive what they need of it.
std::shared_ptr<Transport> make_curl_transport(const HttpOptions& options);

}  // namespace ek

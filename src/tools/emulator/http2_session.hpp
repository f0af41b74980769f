// HTTP/2 (RFC 9113) on one TLS connection: each stream is a request to the same handler as those of
// HTTP/1.1, and all are answered at once.
#pragma once

#include <functional>

#include "tools/emulator/exchange.hpp"
#include "tools/emulator/tls_connection.hpp"

namespace ek::emulator {

/// What a session needs of its server; it outlives the session, and what was spawned.
struct Http2Host {
  Handler handler;  ///< From any thread.
  /// After an answer has begun: with its status, 0 for one that never came.
  std::function<void(const Request&, int status)> log;
  std::function<void()> count_reset;                 ///< A client gave up a stream.
  std::function<void(std::function<void()>)> spawn;  ///< Runs a job on another thread.
};

/// Serves until the connection is over.
void serve_http2(TlsConnection& connection, const Http2Host& host);

}  // namespace ek::emulator

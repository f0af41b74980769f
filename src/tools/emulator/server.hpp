// HTTP for the emulator: sockets and threads in, Request and Reply out.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "endpointkit/error.hpp"
#include "tools/emulator/exchange.hpp"
#include "tools/emulator/tls.hpp"

namespace ek::emulator {

/// What happened on TLS connections.
struct TlsCount {
  std::atomic<int> http1 = 0;  ///< Connections, by what ALPN chose.
  std::atomic<int> http2 = 0;
  std::atomic<int> resumed = 0;        ///< Those whose handshake resumed a session.
  std::atomic<int> streams_reset = 0;  ///< RST_STREAM frames of clients.
};

class Server {
 public:
  using Log = std::function<void(const std::string&)>;

  /// Binds; requests wait until listen().
  /// Errors: transport/connect if the address cannot be had.
  /// With `certificate` it speaks TLS, and HTTP/2 to those who offer it.
  static Result<std::unique_ptr<Server>> bind(const std::string& host, int port, int connections,
                                              const TlsCertificate* certificate = nullptr);
  ~Server();

  [[nodiscard]] int port() const noexcept;
  /// Serves on threads of its own from now on. `handler` and `log` are called from any of them, and
  /// `count` lives as long.
  void listen(Handler handler, Log log, TlsCount& count);
  /// Returns when all of its threads have ended. Streams under way are cut; a handler that blocks
  /// is waited for.
  void stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace ek::emulator

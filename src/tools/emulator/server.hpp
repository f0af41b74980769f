// HTTP for the emulator: sockets and threads in, Request and Reply out.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "endpointkit/error.hpp"
#include "tools/emulator/exchange.hpp"
#include "tools/emulator/tls.hpp"

namespace ek::emulator {

class Server {
 public:
  using Handler = std::function<Reply(const Request&)>;
  using Log = std::function<void(const std::string&)>;

  /// Binds; requests wait until listen().
  /// Errors: transport/connect if the address cannot be had.
  /// With `certificate` it speaks TLS.
  static Result<std::unique_ptr<Server>> bind(const std::string& host, int port, int connections,
                                              const TlsCertificate* certificate = nullptr);
  ~Server();

  [[nodiscard]] int port() const noexcept;
  /// Serves on threads of its own from now on. `handler` and `log` are called from any of them.
  void listen(Handler handler, Log log);
  /// Returns when all of its threads have ended. Streams under way are cut; a handler that blocks
  /// is waited for.
  void stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace ek::emulator

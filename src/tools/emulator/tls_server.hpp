// HTTPS: the HTTP library's server with a handshake of our own, so that ALPN may say HTTP/2.
#pragma once

#include <httplib.h>

#include <functional>

#include "tools/emulator/http2_session.hpp"
#include "tools/emulator/tls.hpp"

namespace ek::emulator {

class TlsServer : public httplib::SSLServer {
 public:
  explicit TlsServer(const TlsCertificate& certificate)
      : httplib::SSLServer(
            [&certificate](SSL_CTX& context) { return set_up_tls(context, certificate); }) {}

  /// Before it listens.
  Http2Host http2{};
  std::function<void(const TlsConnection&)> on_connection;

 private:
  bool process_and_close_socket(socket_t socket) override;
  void serve_http1(TlsConnection& connection);
};

}  // namespace ek::emulator

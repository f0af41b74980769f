#include "tools/emulator/tls_server.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace ek::emulator {
namespace {

/// A TLS connection as the HTTP library reads and writes one: blocking, for so long.
class TlsStream final : public httplib::Stream {
 public:
  TlsStream(TlsConnection& connection, int read_ms, int write_ms)
      : connection_(connection), read_ms_(read_ms), write_ms_(write_ms) {}

  [[nodiscard]] bool is_readable() const override { return connection_.await_readable(read_ms_); }
  [[nodiscard]] bool is_writable() const override {
    return !peer_left(connection_.socket()) && connection_.await_writable(write_ms_);
  }
  ssize_t read(char* to, std::size_t size) override {
    while (true) {
      const long bytes = connection_.read(to, size);
      if (bytes != 0) return bytes;
      if (!connection_.await_readable(read_ms_)) return -1;
    }
  }
  ssize_t write(const char* from, std::size_t size) override {
    std::string_view left(from, size);
    while (!left.empty()) {
      const long bytes = connection_.write(left);
      if (bytes < 0 || (bytes == 0 && !connection_.await_writable(write_ms_))) return -1;
      left.remove_prefix(static_cast<std::size_t>(bytes));
    }
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    name(::getpeername, ip, port);
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    name(::getsockname, ip, port);
  }
  [[nodiscard]] socket_t socket() const override { return connection_.socket(); }

 private:
  void name(int (*ask)(int, sockaddr*, socklen_t*), std::string& ip, int& port) const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (ask(connection_.socket(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return;
    char host[NI_MAXHOST] = "";
    char service[NI_MAXSERV] = "";
    ::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, host, sizeof host, service,
                  sizeof service, NI_NUMERICHOST | NI_NUMERICSERV);
    ip = host;
    port = std::atoi(service);
  }

  TlsConnection& connection_;
  int read_ms_;
  int write_ms_;
};

}  // namespace

bool TlsServer::process_and_close_socket(socket_t socket) {
  const auto read_ms = static_cast<int>(read_timeout_sec_ * 1000);
  if (const auto connection = TlsConnection::accept(*ssl_context(), socket, read_ms)) {
    on_connection(*connection);
    if (connection->wants_http2()) {
      serve_http2(*connection, http2);
    } else {
      serve_http1(*connection);
    }
  }
  ::shutdown(socket, SHUT_RDWR);
  ::close(socket);
  return true;
}

void TlsServer::serve_http1(TlsConnection& connection) {
  TlsStream stream(connection, static_cast<int>(read_timeout_sec_ * 1000),
                   static_cast<int>(write_timeout_sec_ * 1000));
  const auto idle_ms = static_cast<int>(keep_alive_timeout_sec_ * 1000);
  bool closed = false;
  for (auto left = keep_alive_max_count_; left > 0 && !closed; --left) {
    if (!connection.await_readable(idle_ms)) return;
    const auto mark = [&](httplib::Request& request) { request.ssl = connection.handle(); };
    if (!process_request(stream, left == 1, closed, mark)) return;
  }
}

}  // namespace ek::emulator

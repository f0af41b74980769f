#include "tools/emulator/tls_connection.hpp"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <climits>

namespace ek::emulator {
namespace {

bool await(int socket, short events, int timeout_ms) {
  pollfd entry{.fd = socket, .events = events, .revents = 0};
  return ::poll(&entry, 1, timeout_ms) == 1;
}

}  // namespace

std::unique_ptr<TlsConnection> TlsConnection::accept(ssl_ctx_st& context, int socket,
                                                     int timeout_ms) {
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  SSL* ssl = SSL_new(&context);
  if (ssl == nullptr || SSL_set_fd(ssl, socket) != 1) {
    SSL_free(ssl);
    return nullptr;
  }
  SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  std::unique_ptr<TlsConnection> connection(new TlsConnection(ssl, socket));
  while (true) {
    ERR_clear_error();
    const int result = SSL_accept(ssl);
    if (result == 1) return connection;
    if (connection->outcome(result) < 0) return nullptr;
    const short events = SSL_want_write(ssl) != 0 ? POLLOUT : POLLIN;
    if (!await(socket, events, timeout_ms)) return nullptr;
  }
}

TlsConnection::~TlsConnection() {
  ERR_clear_error();
  SSL_shutdown(ssl_);  // close_notify, without waiting for the client's
  SSL_free(ssl_);
}

long TlsConnection::outcome(int result) const {
  if (result > 0) return result;
  const int error = SSL_get_error(ssl_, result);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

long TlsConnection::read(char* to, std::size_t size) {
  ERR_clear_error();
  return outcome(SSL_read(ssl_, to, static_cast<int>(std::min<std::size_t>(size, INT_MAX))));
}

long TlsConnection::write(std::string_view bytes) {
  ERR_clear_error();
  const auto size = static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
  return size == 0 ? 0 : outcome(SSL_write(ssl_, bytes.data(), size));
}

bool TlsConnection::await_readable(int timeout_ms) const {
  return SSL_pending(ssl_) > 0 || await(socket_, POLLIN, timeout_ms);
}

bool TlsConnection::await_writable(int timeout_ms) const {
  return await(socket_, POLLOUT, timeout_ms);
}

bool TlsConnection::wants_http2() const noexcept {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return size == 2 && name[0] == 'h' && name[1] == '2';
}

bool TlsConnection::resumed() const noexcept { return SSL_session_reused(ssl_) == 1; }

void TlsConnection::linger(int timeout_ms) {
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ::shutdown(socket_, SHUT_WR);
  std::array<char, 4096> unread;
  while (await(socket_, POLLIN, timeout_ms) && ::recv(socket_, unread.data(), unread.size(), 0) > 0)
    ;
}

void TlsConnection::reset() const noexcept { reset_socket(socket_); }

void reset_socket(int socket) noexcept {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  static_cast<void>(::connect(socket, &nobody, sizeof nobody));
}

bool peer_left(int socket) noexcept {
#ifdef POLLRDHUP
  constexpr short end_of_requests = POLLRDHUP;
#else
  constexpr short end_of_requests = 0;  // a reset is told of in any case
#endif
  pollfd entry{.fd = socket, .events = end_of_requests, .revents = 0};
  return ::poll(&entry, 1, 0) > 0;
}

}  // namespace ek::emulator

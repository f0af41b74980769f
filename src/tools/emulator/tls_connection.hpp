// The server's side of one TLS connection; its socket does not block.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace ek::emulator {

/// Threads: one at a time. The socket stays the caller's to close.
class TlsConnection {
 public:
  /// After the handshake; null if the client broke it off or took longer than `timeout_ms`.
  static std::unique_ptr<TlsConnection> accept(ssl_ctx_st& context, int socket, int timeout_ms);
  ~TlsConnection();
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;

  /// The number of bytes; 0 if there is nothing yet, or no room; negative once it is over.
  long read(char* to, std::size_t size);
  long write(std::string_view bytes);
  /// Waits until one of them may go on; false if it may not within that time.
  [[nodiscard]] bool await_readable(int timeout_ms) const;
  [[nodiscard]] bool await_writable(int timeout_ms) const;

  /// Whether both want HTTP/2 (RFC 7301, RFC 9113 §3.2).
  [[nodiscard]] bool wants_http2() const noexcept;
  [[nodiscard]] bool resumed() const noexcept;
  [[nodiscard]] int socket() const noexcept { return socket_; }
  [[nodiscard]] ssl_st* handle() const noexcept { return ssl_; }
  /// Ends the TCP connection with a RST instead of a FIN.
  void reset() const noexcept;
  /// Says that nothing more comes and waits for the client to close, no longer than that: a socket
  /// that is closed with something unread ends with a RST, and what was sent before is lost.
  void linger(int timeout_ms);

 private:
  TlsConnection(ssl_st* ssl, int socket) : ssl_(ssl), socket_(socket) {}
  [[nodiscard]] long outcome(int result) const;

  ssl_st* ssl_;
  int socket_;
};

/// A TCP RST for a socket that somebody else closes: connect(2) to AF_UNSPEC dissolves the
/// association, which SO_LINGER could not do for one that is shut down before it is closed.
void reset_socket(int socket) noexcept;
/// Whether the other side has closed its end, read or not what it sent before.
bool peer_left(int socket) noexcept;

}  // namespace ek::emulator

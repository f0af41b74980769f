#include "support/tunnel_proxy.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string_view>
#include <utility>

namespace ek::testing {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::string base64(const std::string& text) {
  std::string out(4 * (text.size() / 3 + 1) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string receive(int fd) {
  char piece[16384];
  const ssize_t count = ::recv(fd, piece, sizeof piece, 0);
  return count > 0 ? std::string(piece, static_cast<std::size_t>(count)) : std::string();
}

}  // namespace

class TunnelProxy::Client {
 public:
  Client(int socket, SSL_CTX* tls) : fd(socket), ssl_(tls != nullptr ? SSL_new(tls) : nullptr) {
    if (ssl_ != nullptr) SSL_set_fd(ssl_, fd);
  }
  ~Client() { SSL_free(ssl_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool greet() { return ssl_ == nullptr || SSL_accept(ssl_) == 1; }
  [[nodiscard]] bool has_more() const { return ssl_ != nullptr && SSL_pending(ssl_) > 0; }

  /// Empty at the end.
  std::string read() {
    if (ssl_ == nullptr) return receive(fd);
    char piece[16384];
    const int count = SSL_read(ssl_, piece, sizeof piece);
    return count > 0 ? std::string(piece, static_cast<std::size_t>(count)) : std::string();
  }
  std::string read_exactly(std::size_t count) {
    while (held_.size() < count) {
      const std::string piece = read();
      if (piece.empty()) return {};
      held_ += piece;
    }
    std::string out = held_.substr(0, count);
    held_.erase(0, count);
    return out;
  }
  std::string read_head() {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      const std::string byte = read_exactly(1);
      if (byte.empty()) return {};
      head += byte;
    }
    return head;
  }
  bool write(std::string_view bytes) {
    if (ssl_ == nullptr) return send_all(fd, bytes);
    return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0;
  }

  const int fd;

 private:
  SSL* ssl_;
  std::string held_;
};

TunnelProxy::TunnelProxy(int target_port, Options options)
    : target_port_(target_port), options_(std::move(options)) {
  if (options_.certificate != nullptr) tls_ = make_server_tls(*options_.certificate);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, any, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, any, &size) != 0) {
    throw std::runtime_error("no socket on loopback");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

TunnelProxy::~TunnelProxy() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int fd : open_sockets_) ::shutdown(fd, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& worker : workers_) worker.join();
  ::close(listener_);
}

std::string TunnelProxy::address() const { return fmt::format("127.0.0.1:{}", port_); }

std::vector<std::string> TunnelProxy::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void TunnelProxy::note(std::string target) {
  const std::lock_guard lock(mutex_);
  asked_.push_back(std::move(target));
}

void TunnelProxy::accept_all() {
  while (true) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (fd < 0) return;
    if (stopping_) {
      ::close(fd);
      return;
    }
    open_sockets_.insert(fd);
    workers_.emplace_back([this, fd] { serve(fd); });
  }
}

void TunnelProxy::serve(int fd) {
  sigset_t pipe;  // SSL_write raises it when the client has gone
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  {
    Client client(fd, tls_.get());
    if (client.greet() && (options_.socks ? admit_socks(client) : admit_connect(client)))
      relay(client);
  }
  const std::lock_guard lock(mutex_);
  open_sockets_.erase(fd);
  ::close(fd);
}

bool TunnelProxy::admit_connect(Client& client) {
  const std::string head = client.read_head();
  const auto end = head.find(" HTTP/1.1\r\n");
  if (!head.starts_with("CONNECT ") || end == std::string::npos) return false;
  note(head.substr(8, end - 8));
  const std::string proof = base64(options_.user + ":" + options_.password);
  const auto says = [&](const std::string& line) {
    return head.find("\r\n" + line + "\r\n") != std::string::npos;
  };
  const bool admitted = (options_.user.empty() || says("Proxy-Authorization: Basic " + proof)) &&
                        (options_.user_agent.empty() || says("User-Agent: " + options_.user_agent));
  return client.write(admitted ? "HTTP/1.1 200 OK\r\n\r\n"
                               : "HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n") &&
         admitted;
}

bool TunnelProxy::admit_socks(Client& client) {
  using namespace std::string_view_literals;
  const std::string hello = client.read_exactly(2);
  if (hello.empty() || hello[0] != 5) return false;
  client.read_exactly(static_cast<unsigned char>(hello[1]));
  if (options_.user.empty()) {
    client.write("\5\0"sv);
  } else {
    client.write("\5\2"sv);
    const std::string user =
        client.read_exactly(static_cast<unsigned char>(client.read_exactly(2)[1]));
    const std::string password =
        client.read_exactly(static_cast<unsigned char>(client.read_exactly(1)[0]));
    const bool admitted = user == options_.user && password == options_.password;
    if (!client.write(admitted ? "\1\0"sv : "\1\1"sv) || !admitted) return false;
  }
  const std::string request = client.read_exactly(4);  // version, CONNECT, reserved, kind
  if (request.empty()) return false;
  std::string host;
  if (request[3] == 1) {
    for (const char byte : client.read_exactly(4))
      host += fmt::format("{}{}", host.empty() ? "" : ".", static_cast<unsigned char>(byte));
  } else {
    host = client.read_exactly(static_cast<unsigned char>(client.read_exactly(1)[0]));
  }
  const std::string port = client.read_exactly(2);
  note(
      fmt::format("{}:{}", host,
                  static_cast<unsigned char>(port[0]) * 256 + static_cast<unsigned char>(port[1])));
  return client.write("\5\0\0\1\0\0\0\0\0\0"sv);
}

void TunnelProxy::relay(Client& client) {
  const int target = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(target_port_);
  bool open = ::connect(target, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  pollfd ends[] = {{client.fd, POLLIN, 0}, {target, POLLIN, 0}};
  while (open && ::poll(ends, 2, client.has_more() ? 0 : -1) >= 0) {
    if (ends[0].revents != 0 || client.has_more()) {
      const std::string piece = client.read();
      open = !piece.empty() && send_all(target, piece);
    }
    if (open && ends[1].revents != 0) {
      const std::string piece = receive(target);
      open = !piece.empty() && client.write(piece);
    }
  }
  ::close(target);
}

}  // namespace ek::testing

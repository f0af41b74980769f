#include "support/loopback_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <stdexcept>

namespace ek::testing {
namespace {

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(what);
}

std::size_t body_length(std::string_view head) {
  constexpr std::string_view name = "\r\nContent-Length: ";
  const auto at = head.find(name);
  std::size_t length = 0;
  if (at == std::string_view::npos) return 0;
  const auto value = head.substr(at + name.size());
  std::from_chars(value.data(), value.data() + value.size(), length);
  return length;
}

}  // namespace

Step reply(std::string_view body, std::string_view status) {
  return send(
      fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body));
}

class LoopbackServer::Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}
  ~Connection() { SSL_free(ssl_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool start_tls(SSL_CTX* context) {
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, fd_);
    if (SSL_accept(ssl_) == 1) return true;
    // Else what the client still sends resets the connection before it has read the alert.
    char piece[1024];
    ::shutdown(fd_, SHUT_WR);
    while (::recv(fd_, piece, sizeof piece, 0) > 0) {
    }
    return false;
  }
  [[nodiscard]] std::string server_name() const {
    const char* name =
        ssl_ != nullptr ? SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name) : nullptr;
    return name != nullptr ? name : "";
  }
  [[nodiscard]] bool resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_) == 1; }

  /// False at the end of the connection.
  bool receive() {
    char piece[16384];
    const auto count = ssl_ != nullptr ? static_cast<ssize_t>(SSL_read(ssl_, piece, sizeof piece))
                                       : ::recv(fd_, piece, sizeof piece, 0);
    if (count <= 0) return false;
    input_.append(piece, static_cast<std::size_t>(count));
    return true;
  }

  bool write(std::string_view bytes, std::atomic<std::size_t>& counter) {
    while (!bytes.empty()) {
      const auto piece = bytes.substr(0, 16384);
      const auto count =
          ssl_ != nullptr
              ? static_cast<ssize_t>(SSL_write(ssl_, piece.data(), static_cast<int>(piece.size())))
              : ::send(fd_, piece.data(), piece.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      counter += static_cast<std::size_t>(count);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  /// Empty at the end of the connection.
  std::string read_request() {
    while (true) {
      const auto end = input_.find("\r\n\r\n");
      const auto whole =
          end == std::string::npos ? end : end + 4 + body_length(input_.substr(0, end + 2));
      if (whole != std::string::npos && input_.size() >= whole) {
        std::string request = input_.substr(0, whole);
        input_.erase(0, whole);
        return request;
      }
      if (!receive()) return {};
    }
  }

  void stop_sending() const { ::shutdown(fd_, SHUT_WR); }
  void reset_on_close() const {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

 private:
  const int fd_;
  SSL* ssl_ = nullptr;
  std::string input_;
};

LoopbackServer::LoopbackServer(std::vector<Script> scripts)
    : LoopbackServer(std::move(scripts), Options{}) {}

LoopbackServer::LoopbackServer(std::vector<Script> scripts, const Options& options)
    : scripts_(std::move(scripts)), options_(options) {
  if (options_.certificate != nullptr)
    tls_ = make_server_tls(*options_.certificate, options_.client_certificate);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  require(listener_ >= 0, "socket");
  if (options_.send_buffer_bytes > 0) {  // accepted sockets inherit it
    ::setsockopt(listener_, SOL_SOCKET, SO_SNDBUF, &options_.send_buffer_bytes, sizeof(int));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  require(::bind(listener_, any, size) == 0, "bind");
  require(::listen(listener_, 512) == 0, "listen");
  require(::getsockname(listener_, any, &size) == 0, "getsockname");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

LoopbackServer::~LoopbackServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int fd : open_sockets_) ::shutdown(fd, SHUT_RDWR);
  }
  changed_.notify_all();
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& worker : workers_) worker.join();
  ::close(listener_);
}

std::string LoopbackServer::url(std::string_view path) const {
  return fmt::format("{}://127.0.0.1:{}{}", tls_ ? "https" : "http", port_, path);
}

void LoopbackServer::accept_all() {
  while (true) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (fd < 0) return;
    if (stopping_) {
      ::close(fd);
      return;
    }
    ++accepted_;
    open_sockets_.insert(fd);
    workers_.emplace_back([this, fd] { serve(fd); });
  }
}

void LoopbackServer::serve(int fd) {
  sigset_t pipe;  // SSL_write raises it when the client has gone
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  {
    Connection connection(fd);
    const bool ready = !tls_ || connection.start_tls(static_cast<SSL_CTX*>(tls_.get()));
    if (ready && play(connection, options_.greeting)) converse(connection);
  }
  {
    const std::lock_guard lock(mutex_);
    open_sockets_.erase(fd);
    ++closed_;
    ::close(fd);
  }
  changed_.notify_all();
}

void LoopbackServer::converse(Connection& connection) {
  {
    const std::lock_guard lock(mutex_);
    if (connection.resumed()) ++resumed_;
    server_names_.push_back(connection.server_name());
  }
  for (bool open = true; open;) {
    std::string request = connection.read_request();
    open = !request.empty() && play(connection, next_script(std::move(request)));
  }
}

Script LoopbackServer::next_script(std::string request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(std::move(request));
  changed_.notify_all();
  return scripts_[std::min(request_count_++, scripts_.size() - 1)];
}

bool LoopbackServer::play(Connection& connection, const Script& script) {
  for (const Step& step : script) {
    switch (step.kind) {
      case Step::Kind::send:
        if (!connection.write(step.bytes, sent_bytes_)) return false;
        break;
      case Step::Kind::gate:
        if (!pass_gate()) return false;
        break;
      case Step::Kind::read_some:
        if (!connection.receive()) return false;
        break;
      case Step::Kind::stop_sending:
        connection.stop_sending();
        break;
      case Step::Kind::await_close:
        while (connection.receive()) {
        }
        return false;
      case Step::Kind::reset:
        connection.reset_on_close();
        return false;
      case Step::Kind::hang_up:
        return false;
    }
  }
  return true;
}

bool LoopbackServer::pass_gate() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return permits_ > 0 || stopping_; });
  --permits_;
  return !stopping_;
}

void LoopbackServer::open_gate(int times) {
  {
    const std::lock_guard lock(mutex_);
    permits_ += times;
  }
  changed_.notify_all();
}

bool LoopbackServer::await(const std::size_t& value, std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return value >= count; });
}

bool LoopbackServer::await_requests(std::size_t count) { return await(request_count_, count); }
bool LoopbackServer::await_closed(std::size_t count) { return await(closed_, count); }

std::size_t LoopbackServer::connections() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

std::vector<std::string> LoopbackServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<std::string> LoopbackServer::server_names() const {
  const std::lock_guard lock(mutex_);
  return server_names_;
}

std::size_t LoopbackServer::resumed_sessions() const {
  const std::lock_guard lock(mutex_);
  return resumed_;
}

}  // namespace ek::testing

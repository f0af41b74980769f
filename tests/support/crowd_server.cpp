#include "support/crowd_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <unordered_map>

namespace ek::testing {
namespace {

std::optional<std::uint64_t> number_after(std::string_view text, std::string_view name) {
  const auto at = text.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  const auto digits = text.substr(at + name.size());
  std::uint64_t value = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc())
    return std::nullopt;
  return value;
}

std::string chunk(std::string_view bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}
std::string event(std::uint64_t id, std::uint64_t number) {
  return chunk(
      fmt::format("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}.{}\"}}}}]}}\n\n",
                  id, number));
}
std::string end_of_stream() {
  return chunk(
             "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
             "data: [DONE]\n\n") +
         "0\r\n\r\n";
}
std::string whole(std::uint64_t id) {
  const std::string body = fmt::format(
      R"({{"choices":[{{"message":{{"role":"assistant","content":"{}"}},"finish_reason":"stop"}}]}})",
      id);
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
      body.size(), body);
}

/// What runs in the child.
class Crowd {
 public:
  Crowd(int listener, int control) : listener_(listener), control_(control) {
    watch(listener_);
    watch(control_);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 1024> events;
    while (true) {
      const int count = epoll_wait(epoll_, events.data(), events.size(), command_ ? 0 : -1);
      if (count == 0 && command_) obey();
      for (int i = 0; i < count; ++i) look_at(events[static_cast<std::size_t>(i)].data.fd);
    }
  }

 private:
  struct Peer {
    std::string input;
    std::uint64_t id = 0, sent = 0;
    bool held = false;
  };

  void watch(int fd) const {
    epoll_event wanted{.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &wanted);
  }

  void look_at(int fd) {
    if (fd == listener_) return accept_all();
    if (fd != control_) return read_from(fd, peers_.at(fd));
    char command = 0;
    if (::read(control_, &command, 1) != 1) _exit(0);  // the parent is gone
    command_ = command;
  }

  void accept_all() {
    int fd = -1;
    while ((fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
      const int yes = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      peers_[fd] = {};
      ++counts_.accepted;
      counts_.most_open = std::max<std::uint64_t>(counts_.most_open, peers_.size());
      watch(fd);
    }
  }

  void read_from(int fd, Peer& peer) {
    std::array<char, 4096> piece;
    const auto count = ::recv(fd, piece.data(), piece.size(), 0);
    if (count <= 0) return drop(fd);
    peer.input.append(piece.data(), static_cast<std::size_t>(count));
    const auto head = peer.input.find("\r\n\r\n");
    if (head == std::string::npos) return;
    const auto length = number_after(peer.input, "\r\nContent-Length: ").value_or(0);
    if (peer.input.size() < head + 4 + length) return;
    answer(fd, peer, std::string_view(peer.input).substr(head + 4));
    peer.input = {};
  }

  void answer(int fd, Peer& peer, std::string_view body) {
    peer.id = number_after(body, "id=").value_or(0);
    peer.sent = 0;
    if (body.find("\"stream\":true") == std::string_view::npos) return send(fd, whole(peer.id));
    std::string out =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    const auto events = number_after(body, "events=");
    peer.held = !events;
    for (; peer.sent < events.value_or(0); ++peer.sent) out += event(peer.id, peer.sent);
    send(fd, events ? out + end_of_stream() : out);
  }

  // What does not fit into the kernel's buffer is missing at the client, whose test fails then.
  static void send(int fd, std::string_view bytes) {
    static_cast<void>(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }

  void drop(int fd) {
    peers_.erase(fd);
    ::close(fd);
  }

  void obey() {
    counts_.held = 0;
    counts_.open = peers_.size();
    for (auto& [fd, peer] : peers_) {
      if (!peer.held) continue;
      ++counts_.held;
      if (command_ == 'r') send(fd, event(peer.id, peer.sent++));
      if (command_ == 'f') {
        send(fd, end_of_stream());
        peer.held = false;
      }
    }
    command_.reset();
    if (::write(control_, &counts_, sizeof counts_) != sizeof counts_) _exit(1);
  }

  const int listener_, control_;
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::unordered_map<int, Peer> peers_;
  std::optional<char> command_;
  CrowdServer::Counts counts_;
};

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(what);
}

}  // namespace

CrowdServer::CrowdServer() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  require(::bind(listener, any, size) == 0, "bind");
  require(::listen(listener, 16384) == 0, "listen");
  require(::getsockname(listener, any, &size) == 0, "getsockname");
  url_ = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
  int ends[2];
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
  control_ = ends[0];
  child_ = ::fork();
  require(child_ >= 0, "fork");
  if (child_ == 0) {
    ::close(control_);
    Crowd(listener, ends[1]).run();
  }
  ::close(listener);
  ::close(ends[1]);
}

CrowdServer::~CrowdServer() {
  ::close(control_);
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

CrowdServer::Counts CrowdServer::order(char command) {
  Counts counts;
  require(::write(control_, &command, 1) == 1, "the crowd's server is gone");
  require(::read(control_, &counts, sizeof counts) == sizeof counts, "the crowd's server is gone");
  return counts;
}

template <class Done>
bool CrowdServer::await(const Done& done) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < limit) {
    if (done(counts())) return true;
  }
  return false;
}

bool CrowdServer::await_open(std::uint64_t most) {
  return await([&](const Counts& counts) { return counts.open <= most; });
}
bool CrowdServer::await_held(std::uint64_t least) {
  return await([&](const Counts& counts) { return counts.held >= least; });
}

bool allow_descriptors(std::uint64_t count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  if (limit.rlim_cur >= count) return true;
  if (limit.rlim_max < count) return false;
  limit.rlim_cur = count;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count - 1;  // the iterator's own
}

}  // namespace ek::testing

#include "tools/emulator/server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "tools/emulator/connection_threads.hpp"
#include "tools/emulator/tls_server.hpp"

namespace ek::emulator {
namespace {

int port_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return ntohs(v4.sin_port);
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  return address.ss_family == AF_INET6 ? ntohs(v6.sin6_port) : -1;
}

// getsockname(2) or getpeername(2).
int port_by(int (*ask)(int, sockaddr*, socklen_t*), int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  void* raw = &address;
  return ask(fd, static_cast<sockaddr*>(raw), &size) == 0 ? port_of(address) : -1;
}

// The library does not say which sockets are its connections: they are the ones whose own end is
// our port.
template <class Act>
void for_each_connection(int port, Act act) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const int end = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 65536));
  for (int fd = 3; fd < end; ++fd) {
    if (port_by(::getsockname, fd) == port) act(fd);
  }
}

// It waits on a kept-alive connection until its timeout, even while it stops.
void wake_idle_connections(int port) {
  for_each_connection(port, [](int fd) { ::shutdown(fd, SHUT_RD); });
}

// The socket of the connection from there to `port`, or -1; it stays the library's to close.
int find_connection(int port, int from_port) {
  int found = -1;
  for_each_connection(port, [&](int fd) {
    if (port_by(::getpeername, fd) == from_port) found = fd;
  });
  return found;
}

// Before a name that it stands in front of; no name on the wire can begin so.
constexpr std::string_view hidden = ":";

// By these the library would take forms apart, refuse long ones and unpack what is packed. But what
// signatures cover, and recordings keep, is the body as it was sent.
void hide_type(httplib::Headers& headers) {
  for (const char* name : {"Content-Type", "Content-Encoding"}) {
    const auto [begin, end] = headers.equal_range(name);
    const std::vector<std::pair<std::string, std::string>> found(begin, end);
    headers.erase(begin, end);
    for (const auto& [own, value] : found) headers.emplace(std::string(hidden) + own, value);
  }
}

Request request_of(const httplib::Request& from) {
  Request request{
      .method = from.method,
      .body = from.body,
      .secure = from.ssl != nullptr,
      .client_certificate = client_certificate_of(from.ssl),
      .client_left = [from_port = from.remote_port, port = from.local_port, fd = -1]() mutable {
        if (fd < 0) fd = find_connection(port, from_port);
        return peer_left(fd);
      }};
  const auto question = from.target.find('?');
  request.path = from.target.substr(0, question);
  if (question != std::string::npos) request.query = from.target.substr(question + 1);
  for (const auto& [name, value] : from.headers) {
    // The library adds these about the connection.
    const bool own = name == "REMOTE_ADDR" || name == "REMOTE_PORT" || name == "LOCAL_ADDR" ||
                     name == "LOCAL_PORT";
    if (own) continue;
    const bool was_hidden = name.starts_with(hidden);
    request.headers.push_back({was_hidden ? name.substr(hidden.size()) : name, value});
  }
  return request;
}

// False cuts the connection: without it, the last chunk would say that the body is whole.
bool send_next(BodySource& source, httplib::DataSink& sink, const std::function<void()>& reset) {
  const BodySource::Chunk chunk = next_of(source);
  switch (chunk.state) {
    case BodySource::Chunk::State::reset:
      reset();
      return false;
    case BodySource::Chunk::State::cut:
    case BodySource::Chunk::State::goaway:
      return false;
    case BodySource::Chunk::State::end:
      if (!sink.done) return false;  // its length was announced, and it is shorter
      sink.done();
      return true;
    case BodySource::Chunk::State::more:
      break;
  }
  if (chunk.bytes.empty()) return sink.is_writable();
  return sink.write(chunk.bytes.data(), chunk.bytes.size());
}

void fill(httplib::Response& to, Reply reply, std::function<void()> reset) {
  if (reply.instead == Reply::Instead::reset) reset();
  to.status = reply.status;
  for (const Header& header : reply.headers) to.set_header(header.name, header.value);
  if (reply.close) to.set_header("Connection", "close");
  if (!reply.stream) {
    to.set_content(reply.body, reply.content_type);
    return;
  }
  const auto send = [source = std::shared_ptr(std::move(reply.stream)), reset = std::move(reset)](
                        httplib::DataSink& sink) { return send_next(*source, sink, reset); };
  if (reply.length) {
    to.set_content_provider(*reply.length, reply.content_type,
                            [send](auto, auto, auto& sink) { return send(sink); });
  } else {
    to.set_chunked_content_provider(reply.content_type,
                                    [send](auto, auto& sink) { return send(sink); });
  }
}

/// A thread a connection: idle connections hold theirs, so a pool of a few would soon be used up by
/// clients that keep connections open.
class ConnectionQueue final : public httplib::TaskQueue {
 public:
  explicit ConnectionQueue(std::size_t max) : threads_(max) {}
  void enqueue(std::function<void()> job) override { threads_.enqueue(std::move(job)); }
  void shutdown() override { threads_.shutdown(); }

 private:
  ConnectionThreads threads_;
};

template <class Base>
class Wide final : public Base {
 public:
  using Base::Base;
  /// The library allows five connections to wait, and the sixth would wait for a second.
  void widen_backlog() { ::listen(this->svr_sock_, 1024); }
};

}  // namespace

struct Server::Parts {
  Parts(const TlsCertificate* certificate, std::size_t max_threads) : streams(max_threads) {
    if (certificate == nullptr) {
      hold(std::make_unique<Wide<httplib::Server>>());
    } else {
      auto server = std::make_unique<Wide<TlsServer>>(*certificate);
      tls = server.get();
      hold(std::move(server));
    }
  }
  template <class Http>
  void hold(std::unique_ptr<Http> server) {
    widen_backlog = [raw = server.get()] { raw->widen_backlog(); };
    owner = std::move(server);
  }

  std::unique_ptr<httplib::Server> owner;
  httplib::Server& http() { return *owner; }
  TlsServer* tls = nullptr;
  ConnectionThreads streams;  // of HTTP/2: each answers on a thread
  std::function<void()> widen_backlog;
  int port = 0;
  Handler handler;
  Log log;
  std::thread thread;
  std::atomic<bool> ended = false;

  void answer(const httplib::Request& from, httplib::Response& to) {
    fill(to, answer_by(handler, request_of(from)),
         [&from] { reset_socket(find_connection(from.local_port, from.remote_port)); });
    write_log(from.method, from.target.substr(0, from.target.find('?')), to.status);
  }
  // Paths hold no secret: those travel in headers and bodies.
  void write_log(std::string_view method, std::string_view path, int status) const {
    if (log) log(fmt::format("{} {} {}", method, path, status));
  }
  void serve_tls(TlsCount& count) {
    tls->on_connection = [&count](const TlsConnection& connection) {
      ++(connection.wants_http2() ? count.http2 : count.http1);
      if (connection.resumed()) ++count.resumed;
    };
    tls->http2 = {.handler = handler,
                  .log = [this](const Request& request,
                                int status) { write_log(request.method, request.path, status); },
                  .count_reset = [&count] { ++count.streams_reset; },
                  .spawn = [this](auto job) { streams.enqueue(std::move(job)); }};
  }
};

Result<std::unique_ptr<Server>> Server::bind(const std::string& host, int port, int connections,
                                             const TlsCertificate* certificate) {
  const auto threads = static_cast<std::size_t>(std::max(connections, 1));
  auto parts = std::make_unique<Parts>(certificate, threads);
  parts->http().new_task_queue = [threads] { return new ConnectionQueue(threads); };
  parts->http().set_keep_alive_max_count(1'000'000);
  parts->http().set_keep_alive_timeout(60);
  parts->http().set_tcp_nodelay(true);
  // Not SO_REUSEPORT, which the library sets by default: two emulators must not share a port.
  parts->http().set_socket_options([](socket_t fd) {
    const int yes = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  parts->port = port;
  const bool bound = port == 0 ? (parts->port = parts->http().bind_to_any_port(host)) > 0
                               : parts->http().bind_to_port(host, port);
  if (!bound) {
    return Error{.code = ErrorCode::transport,
                 .phase = Phase::connect,
                 .message = fmt::format("cannot listen on {}:{}; is the port taken? --port 0 takes "
                                        "a free one",
                                        host, port)};
  }
  parts->widen_backlog();
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() { stop(); }

int Server::port() const noexcept { return parts_->port; }

void Server::listen(Handler handler, Log log, TlsCount& count) {
  Parts& parts = *parts_;
  parts.handler = std::move(handler);
  parts.log = std::move(log);
  if (parts.tls != nullptr) parts.serve_tls(count);
  parts.http().set_pre_routing_handler([](const httplib::Request& from, httplib::Response&) {
    // Its own object, of which it shows handlers a const view.
    hide_type(const_cast<httplib::Request&>(from).headers);
    return httplib::Server::HandlerResponse::Unhandled;
  });
  const auto answer = [&parts](const httplib::Request& from, httplib::Response& to) {
    parts.answer(from, to);
  };
  parts.http().Get(".*", answer);
  parts.http().Post(".*", answer);
  parts.http().Put(".*", answer);
  parts.thread = std::thread([&parts] {
    parts.http().listen_after_bind();
    parts.ended = true;
  });
  while (!parts.http().is_running() && !parts.ended) std::this_thread::yield();
}

void Server::stop() {
  if (!parts_->thread.joinable()) return;
  parts_->http().stop();
  while (!parts_->ended) {
    wake_idle_connections(parts_->port);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  parts_->thread.join();
  parts_->streams.shutdown();
}

}  // namespace ek::emulator

// A server on 127.0.0.1 that answers byte for byte what a test wrote down, and no sooner than the
// test allows. It knows just enough HTTP to find the end of a request.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/test_certificate.hpp"

namespace ek::testing {

struct Step {
  enum class Kind { send, gate, read_some, stop_sending, await_close, hang_up, reset };
  Kind kind;
  std::string bytes{};
};
using Script = std::vector<Step>;

inline Step send(std::string bytes) { return {Step::Kind::send, std::move(bytes)}; }
/// Waits for one LoopbackServer::open_gate().
inline Step gate() { return {Step::Kind::gate}; }
/// Takes a few kilobytes of what the client sends.
inline Step read_some() { return {Step::Kind::read_some}; }
/// FIN; a hang_up() with something unread makes it a RST.
inline Step stop_sending() { return {Step::Kind::stop_sending}; }
/// Reads until the client closes the connection.
inline Step await_close() { return {Step::Kind::await_close}; }
inline Step hang_up() { return {Step::Kind::hang_up}; }
/// RST instead of FIN.
inline Step reset() { return {Step::Kind::reset}; }

/// A complete answer with a length; the connection stays open.
Step reply(std::string_view body, std::string_view status = "200 OK");

/// One thread a connection. Destroying it ends all of them, wherever they are.
class LoopbackServer {
 public:
  struct Options {
    const TestCertificate* certificate = nullptr;         ///< TLS if set.
    const TestCertificate* client_certificate = nullptr;  ///< Demanded from clients if set.
    Script greeting{};          ///< Played before the first request is read.
    int send_buffer_bytes = 0;  ///< Of the kernel; 0 for its default.
  };

  /// The nth request, counted over all connections, is answered by the nth script, those after the
  /// last by the last. A connection whose script has ended reads the next request.
  explicit LoopbackServer(std::vector<Script> scripts);
  LoopbackServer(std::vector<Script> scripts, const Options& options);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] std::string url(std::string_view path = "/") const;

  void open_gate(int times = 1);
  /// False if it did not come to that many within 20 s.
  [[nodiscard]] bool await_requests(std::size_t count);
  [[nodiscard]] bool await_closed(std::size_t count);

  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] std::vector<std::string> requests() const;
  [[nodiscard]] std::size_t resumed_sessions() const;
  /// What the handshakes asked for (SNI), "" for none, one for each connection that came through.
  [[nodiscard]] std::vector<std::string> server_names() const;
  [[nodiscard]] std::size_t sent_bytes() const noexcept { return sent_bytes_; }

 private:
  class Connection;

  void accept_all();
  void serve(int fd);
  void converse(Connection& connection);
  Script next_script(std::string request);
  bool play(Connection& connection, const Script& script);
  bool pass_gate();
  [[nodiscard]] bool await(const std::size_t& value, std::size_t count);

  const std::vector<Script> scripts_;
  const Options options_;
  std::shared_ptr<void> tls_;
  int listener_ = -1;
  int port_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  int permits_ = 0;
  std::size_t accepted_ = 0;
  std::size_t closed_ = 0;
  std::size_t resumed_ = 0;
  std::size_t request_count_ = 0;
  std::vector<std::string> requests_;
  std::vector<std::string> server_names_;
  std::set<int> open_sockets_;
  std::list<std::thread> workers_;
  std::atomic<std::size_t> sent_bytes_ = 0;
  std::thread acceptor_;
};

}  // namespace ek::testing

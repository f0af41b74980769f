// A proxy on 127.0.0.1 that makes tunnels: by CONNECT (RFC 9110 §9.3.6), plain or over TLS, or by
// SOCKS 5 (RFC 1928, 1929). Whatever it is asked for, it goes to the one port that it was made for.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/test_certificate.hpp"

namespace ek::testing {

class TunnelProxy {
 public:
  struct Options {
    bool socks = false;
    const TestCertificate* certificate = nullptr;  ///< TLS between client and proxy if set.
    std::string user{};                            ///< Wanted from clients if not empty.
    std::string password{};
    std::string user_agent{};  ///< Wanted of CONNECT if not empty.
  };

  TunnelProxy(int target_port, Options options);
  ~TunnelProxy();
  TunnelProxy(const TunnelProxy&) = delete;
  TunnelProxy& operator=(const TunnelProxy&) = delete;

  [[nodiscard]] int port() const noexcept { return port_; }
  /// "127.0.0.1:PORT"
  [[nodiscard]] std::string address() const;
  /// "HOST:PORT" of each tunnel that was asked for.
  [[nodiscard]] std::vector<std::string> asked() const;

 private:
  class Client;

  void accept_all();
  void serve(int fd);
  bool admit_connect(Client& client);
  bool admit_socks(Client& client);
  void relay(Client& client);
  void note(std::string target);

  const int target_port_;
  const Options options_;
  std::shared_ptr<ssl_ctx_st> tls_;
  int listener_ = -1;
  int port_ = 0;

  mutable std::mutex mutex_;
  bool stopping_ = false;
  std::vector<std::string> asked_;
  std::set<int> open_sockets_;
  std::list<std::thread> workers_;
  std::thread acceptor_;
};

}  // namespace ek::testing

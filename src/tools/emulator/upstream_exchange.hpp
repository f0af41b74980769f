// One exchange with a real server, read on a thread that ends with it.
#pragma once

#include <httplib.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace ek::emulator {

/// One thread at a time.
class UpstreamExchange {
 public:
  struct Head {
    int status = 0;  ///< 0 if the exchange ended without one.
    httplib::Headers headers{};
  };
  struct Delivery {
    std::string bytes{};
    bool ended = false;  ///< Nothing comes after them.
    bool whole = false;  ///< Then: it ended as it should.
    std::string why{};   ///< Else: in the library's words.
  };

  /// Sends at once. `origin` is "https://host:port"; `stopping` is asked now and then, and true
  /// ends every wait.
  UpstreamExchange(const std::string& origin, httplib::Request request,
                   std::function<bool()> stopping);
  ~UpstreamExchange();
  UpstreamExchange(const UpstreamExchange&) = delete;
  UpstreamExchange& operator=(const UpstreamExchange&) = delete;

  Head wait_for_head();
  /// Blocks until there is something. Not asking holds the server back.
  Delivery take();

 private:
  class Mailbox;
  httplib::Client client_;
  httplib::Request request_;
  std::unique_ptr<Mailbox> mailbox_;
  std::thread thread_;
};

}  // namespace ek::emulator

// A lane on one curl multi handle.
#pragma once

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "endpointkit/ext/transport.hpp"
#include "http/curl_context.hpp"
#include "http/curl_exchange.hpp"

namespace ek {

/// As a timeout of poll(2), rounded up.
int poll_timeout_ms(SteadyTime until);

/// Lifetime: exchanges may outlive their lane; they end with an error then. wake() may run in
/// another thread until the destructor begins, not while it runs.
class CurlLane : public Lane {
 public:
  explicit CurlLane(std::shared_ptr<CurlContext> context);
  ~CurlLane() override;
  CurlLane(const CurlLane&) = delete;
  CurlLane& operator=(const CurlLane&) = delete;

  std::unique_ptr<Exchange> start(HttpRequest request, const TransferOptions& options) override;
  void wait(SteadyTime until) override;
  void wake() noexcept override;
  void let_end(std::unique_ptr<Exchange> exchange) override;

  // For its exchanges.
  /// There is something to see: wait() returns after this round.
  void report() noexcept { news_ = true; }
  /// Reading goes on with the next wait().
  void resume_later(CurlExchange& exchange);
  /// One of them has this new socket.
  virtual void opened(curl_socket_t) {}
  /// Takes an unfinished exchange out; closes its connection.
  void abandon(CurlExchange& exchange) noexcept;

  /// Exchanges under way.
  [[nodiscard]] std::size_t size() const noexcept { return live_.size(); }

 protected:
  [[nodiscard]] CURLM* multi() const noexcept { return multi_.get(); }
  /// A new handle, with what else this kind of lane wants of it.
  virtual EasyHandle make_handle();
  /// Waits at most so long for the sockets, and works on what they have. Gives how many transfers
  /// still run.
  virtual int turn(int timeout_ms);
  /// What is done before waiting. True if there is news.
  bool begin();
  /// When begin() or close_late() has something to do, whatever the sockets say.
  [[nodiscard]] SteadyTime begin_due() const noexcept {
    if (!to_resume_.empty()) return std::chrono::steady_clock::now();
    return ending_.empty() ? held_until_ : std::min(held_until_, ending_.front().until);
  }
  /// turn(), and what it ended. True if there is news since begin().
  bool work(int timeout_ms);
  /// The last thing of a wait: what came while nobody did is looked at before.
  void close_late();
  /// Ends everything and frees the multi handle; for destructors of lanes whose members it uses.
  void close() noexcept;

 private:
  struct FreeMulti {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };

  struct Ending {
    std::unique_ptr<CurlExchange> exchange;
    SteadyTime until;
  };

  void bound_connections() noexcept;
  EasyHandle take_handle();
  EasyHandle remove(CurlExchange& exchange) noexcept;
  /// False if it waits for another exchange that looks its host up.
  bool try_to_add(CurlExchange& exchange);
  void hold(CurlExchange& exchange);
  void add_held();
  void resume_paused();
  void collect_finished();

  const std::shared_ptr<CurlContext> context_;
  std::unique_ptr<CURLM, FreeMulti> multi_;
  long max_connections_ = 0;
  long most_live_ = 0;  // of late
  SteadyTime most_at_{};
  std::vector<CurlExchange*> live_;
  std::vector<CurlExchange*> held_;  // not yet begun
  SteadyTime held_until_ = SteadyTime::max();
  std::vector<CurlExchange*> to_resume_;
  std::vector<Ending> ending_;  // the first is the first to be late
  std::vector<EasyHandle> idle_handles_;
  bool fresh_ = false;  // something was started or resumed: work comes before waiting
  bool news_ = false;
  std::atomic<bool> woken_ = false;
};

}  // namespace ek

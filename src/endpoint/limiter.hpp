// Limits that one application keeps by itself, so that the provider need not refuse it: who may
// send, and when.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "endpointkit/endpoint.hpp"
#include "endpointkit/ext/transport.hpp"

namespace ek {

/// Safe from all threads. Time is an argument.
class Limiter : public std::enable_shared_from_this<Limiter> {
 public:
  explicit Limiter(const Limits& limits);

  /// A place in the queue, then a place in flight. Destroying it gives either back.
  class Ticket {
   public:
    Ticket(std::shared_ptr<Limiter> limiter, double tokens, std::function<void()> wake);
    ~Ticket();
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

    /// None: go ahead. Else ask again at that time; if it is max(), when `wake` was called.
    std::optional<SteadyTime> admit(SteadyTime now);
    /// Whether anybody asks. Who does not keeps his place, but holds nobody up.
    void set_awake(bool awake);
    /// What was really used, in place of the estimate; nothing happens before it was admitted.
    void settle(double tokens);

   private:
    friend class Limiter;
    const std::shared_ptr<Limiter> limiter_;
    const double tokens_;
    const std::function<void()> wake_;  // called under the limiter's lock: must only notify
    bool in_flight_ = false;
    bool awake_ = true;
  };

  /// `tokens`: an estimate. `wake` may be called on any thread while the ticket lives.
  std::unique_ptr<Ticket> enter(double tokens, std::function<void()> wake);
  /// Obeys an answer that says that nothing is left: x-ratelimit-remaining-* with -reset-*, and the
  /// Retry-After of a 429.
  void learn(const HttpHead& head, std::optional<std::chrono::milliseconds> retry_after,
             SteadyTime now);

 private:
  // Fills with time, to what ten seconds bring; may be overdrawn by what was underestimated.
  struct Bucket {
    double per_second = 0;
    double level = 0;
    [[nodiscard]] double most() const noexcept { return std::max(1.0, per_second * 10); }
    [[nodiscard]] double wanted(double amount) const noexcept { return std::min(amount, most()); }
  };

  void refill(SteadyTime now);
  void leave(Ticket& ticket);
  [[nodiscard]] Ticket* first_awake() const;
  void wake_next();
  static SteadyTime when(const Bucket& bucket, double amount, SteadyTime now);

  const int max_in_flight_;
  std::mutex mutex_;
  std::deque<Ticket*> waiting_;
  int in_flight_ = 0;
  Bucket requests_, tokens_;
  SteadyTime filled_{};
  SteadyTime closed_until_{};
};

/// "6m0s", "1.5s", "20ms" or a plain number of seconds; none for anything else.
std::optional<std::chrono::milliseconds> parse_reset(std::string_view text);

}  // namespace ek

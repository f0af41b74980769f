// One call as a state machine: sign, send, wait for the headers, read, and between failed attempts
// back off. It never blocks but in pump(), which drives it on the caller's thread, and never works
// elsewhere.
//
//   signing → sending → answering → done
//      ↑         │          │
//      └─ backing off ←─────┘   (only until the first item was handed out)
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "endpoint/consumer.hpp"
#include "endpoint/endpoint_state.hpp"
#include "endpointkit/endpoint.hpp"
#include "endpointkit/ext/transport.hpp"
#include "http/lane_pool.hpp"

namespace ek {

class Call {
 public:
  struct Plan {
    std::shared_ptr<const EndpointState> endpoint;
    HttpRequest request;  ///< Complete but for what each attempt adds: proof and attempt headers.
    Timeouts timeouts;
    RetryPolicy retry;
    std::stop_token stop;
  };

  Call(Plan plan, std::unique_ptr<Consumer> consumer);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// Works until an item can be taken or the call is over (true), or until `until` (false).
  bool pump(SteadyTime until);
  /// The same without a limit.
  void pump();
  void cancel() noexcept { stop_.request_stop(); }

  /// After pump() gave true: why the call ended, if it failed. Null if an item waits or all went
  /// well.
  [[nodiscard]] const Error* error() const noexcept { return error_ ? &*error_ : nullptr; }
  [[nodiscard]] bool over() const noexcept { return state_ == State::done; }
  /// A piece of the answer was handed to the application: from now on nothing is sent again.
  void commit() noexcept { committed_ = true; }

  [[nodiscard]] Consumer& consumer() noexcept { return *consumer_; }
  [[nodiscard]] const Consumer& consumer() const noexcept { return *consumer_; }
  /// Of the last answer; null until one came.
  [[nodiscard]] const HttpHead* head() const noexcept { return head_ ? &*head_ : nullptr; }
  [[nodiscard]] const EndpointState& endpoint() const noexcept { return *plan_.endpoint; }
  [[nodiscard]] SteadyTime now() const { return endpoint().client->environment->steady_now(); }

 private:
  enum class State { signing, sending, answering, explaining, backing_off, done };
  using Duration = std::chrono::steady_clock::duration;
  struct Timer {
    Phase phase;
    Duration due;  // in time that was spent in pump()
  };

  // One state each; every one moves on, or leaves `progressed_` false to wait for the lane.
  void step();
  void sign();
  void await_head();
  void answer();
  void explain();
  void back_off();

  void move_to(State state);
  void finish();
  void fail(Error error);  // retries where that is allowed
  void end(Error error);   // does not
  bool renew_proof(const Error& error);
  void explain_refusal(Error& error) const;
  void scrub_proof(Error& error) const;
  [[nodiscard]] bool clock_was_wrong(const Error& error) const;
  void check_stop_and_timers();
  void release();

  [[nodiscard]] Duration pumped() const { return pumped_ + (now() - entered_); }
  [[nodiscard]] std::optional<Timer> next_timer() const;
  [[nodiscard]] std::chrono::milliseconds time_left() const;
  [[nodiscard]] SteadyTime deadline() const;
  [[nodiscard]] const Environment& environment() const { return *endpoint().client->environment; }

  Plan plan_;
  std::unique_ptr<Consumer> consumer_;
  std::stop_source stop_;
  std::optional<std::stop_callback<std::function<void()>>> outer_stop_;

  State state_ = State::signing;
  bool progressed_ = false;
  const std::string id_;
  int attempts_ = 0;
  int free_attempts_ = 0;     // sent again with a new token: does not count
  bool clock_moved_ = false;  // the last refusal told the right time: the proof itself was good
  std::chrono::seconds signed_at_{};  // the offset of the clock that made the proof
  int retry_paid_ = 0;                // what the last retry took from the budget
  bool content_ = false;              // this attempt has shown a piece of the answer
  bool committed_ = false;            // and the application has one
  bool last_given_ = false;
  std::optional<Error> error_;
  std::optional<HttpHead> head_;
  std::string error_body_;
  std::vector<Header> added_;  // by this attempt to plan_.request; its end is the proof

  // Timers run on the time spent in pump(), so a slow consumer never trips one.
  SteadyTime entered_{};
  Duration pumped_{};
  Duration attempt_began_{};
  Duration last_bytes_{};
  SteadyTime retry_at_{};

  // Destroyed in reverse: the exchange before the waker, the waker before the lane that it wakes.
  LanePool::Lease lane_;
  std::optional<std::stop_callback<std::function<void()>>> waker_;
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace ek

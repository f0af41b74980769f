// A call to one endpoint as a state machine: wait for its turn, sign, send, wait for the headers,
// read, and between failed attempts back off.
//
//   queued → pacing → signing → sending → answering → done
//      ↑                            │          │
//      └────── backing off ←────────┴──────────┘   (only until the first item was handed out)
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/rare_error.hpp"
#include "endpoint/call.hpp"
#include "endpoint/limiter.hpp"
#include "endpointkit/endpoint.hpp"
#include "endpointkit/observer.hpp"

namespace ek {

class DirectCall final : public Call {
 public:
  struct Plan {
    std::shared_ptr<const EndpointState> endpoint;
    HttpRequest request;  ///< Complete but for what each attempt adds: proof and attempt headers.
    Timeouts timeouts;
    RetryPolicy retry;
    CancelMode on_cancel = CancelMode::abort;
    std::stop_token stop;
    std::shared_ptr<Observer> observer;
    double tokens = 0;  ///< Estimated, for the limiter.
  };

  DirectCall(Plan plan, std::unique_ptr<Consumer> consumer);
  ~DirectCall() override;
  DirectCall(const DirectCall&) = delete;
  DirectCall& operator=(const DirectCall&) = delete;

  void attach(CallHost& host) override;
  bool advance() override;
  bool item_waits() override;
  [[nodiscard]] SteadyTime deadline() const override;
  void start_clock() override {
    read_clock();
    if (!std::exchange(runs_on_, false)) entered_ = now_;
    if (state_ == State::queued && ticket_ != nullptr) ticket_->set_awake(true);
  }
  void stop_clock(bool waits) override {
    read_clock();
    pumped_ = pumped();
    entered_ = now_;
    runs_on_ = waits;
    if (state_ == State::queued && ticket_ != nullptr) ticket_->set_awake(false);
  }
  void cancel() noexcept override { stop_.request_stop(); }
  void refuse_to_queue() override { may_queue_ = false; }
  [[nodiscard]] const Error* error() const noexcept override { return error_.get(); }
  [[nodiscard]] bool over() const noexcept override { return state_ == State::done; }
  void commit() noexcept override;
  [[nodiscard]] Consumer& consumer() noexcept override { return *consumer_; }
  [[nodiscard]] const Consumer& consumer() const noexcept override { return *consumer_; }
  [[nodiscard]] const HttpHead* head() const noexcept override { return head_ ? &*head_ : nullptr; }
  HttpHead take_head() noexcept override { return *std::move(head_); }
  [[nodiscard]] const EndpointState& endpoint() const noexcept override { return *plan_.endpoint; }

 private:
  enum class State { queued, pacing, signing, sending, answering, explaining, backing_off, done };
  using Duration = std::chrono::steady_clock::duration;
  struct Stop {
    std::stop_source& source;
    void operator()() const noexcept { source.request_stop(); }
  };
  struct Wake {
    CallHost& host;
    void operator()() const noexcept { host.wake(); }
  };
  struct Timer {
    Phase phase;
    Duration due;  // in time that was spent between start_clock() and stop_clock()
  };

  // One state each; every one moves on, or leaves `progressed_` false to wait for the lane.
  void step();
  void queue();
  void pace();
  void sign();
  void send();
  void await_head();
  void answer();
  void explain();
  void refuse();
  void note_content();
  void back_off();

  [[nodiscard]] HttpRequest make_attempt() const;
  void move_to(State state);
  void finish();
  void fail(Error error);  // retries where that is allowed
  void end(Error error);   // does not
  void add_head(Error& error) const;
  bool renew_proof(const Error& error);
  [[nodiscard]] Error unsigned_error(Error error) const;
  void explain_refusal(Error& error) const;
  void scrub_proof(Error& error) const;
  [[nodiscard]] bool clock_was_wrong(const Error& error) const;
  void learn(bool throttled);  // of the rate that the endpoint takes
  void check_stop();
  void check_timers();
  void leave_limiter(bool was_at_work);
  void release();
  void tell(CallMoment moment) const;

  void read_clock() { now_ = environment().steady_now(); }
  [[nodiscard]] Duration pumped() const { return pumped_ + (now_ - entered_); }
  [[nodiscard]] std::optional<Timer> next_timer() const;
  [[nodiscard]] bool too_slow() const;
  [[nodiscard]] std::chrono::milliseconds time_left() const;
  [[nodiscard]] const Environment& environment() const { return *endpoint().client->environment; }

  Plan plan_;
  std::unique_ptr<Consumer> consumer_;
  CallHost* host_ = nullptr;
  std::stop_source stop_;
  std::optional<std::stop_callback<Stop>> outer_stop_;

  State state_ = State::queued;
  bool progressed_ = false;
  bool may_queue_ = true;
  const std::string id_;
  int attempts_ = 0;
  int free_attempts_ = 0;     // sent again with a new token: does not count
  bool clock_moved_ = false;  // the last refusal told the right time: the proof itself was good
  std::chrono::seconds signed_at_{};  // the offset of the clock that made the proof
  int retry_paid_ = 0;                // what the last retry took from the budget
  bool content_ = false;              // this attempt has shown a piece of the answer
  bool committed_ = false;            // and the application has one
  bool draining_ = false;             // cancelled, and read on for the usage
  bool last_given_ = false;
  RareError error_;
  std::optional<HttpHead> head_;
  std::string error_body_;
  std::unique_ptr<Limiter::Ticket> ticket_;  // of this attempt; null where there is no limit
  SteadyTime turn_at_{};
  std::shared_ptr<SignJob> job_;
  std::vector<Header> proof_;  // of this attempt

  // Timers run on the time between start_clock() and stop_clock(), so a slow consumer never trips
  // one.
  SteadyTime now_{};  // read once for all that happens between two waits
  SteadyTime entered_{};
  bool runs_on_ = false;
  Duration pumped_{};
  Duration signing_began_{};
  Duration attempt_began_{};
  Duration last_bytes_{};
  Duration drain_began_{};
  Duration window_began_{};  // of the minimum throughput
  std::size_t window_bytes_ = 0;
  SteadyTime retry_at_{};

  // Destroyed in reverse: the exchange first.
  std::optional<std::stop_callback<Wake>> waker_;
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace ek

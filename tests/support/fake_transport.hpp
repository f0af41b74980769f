// A Transport without a network. A test scripts replies; each exchange plays one of them back in
// the steps it names, in the time of a ManualClock:
//
//   auto clock = std::make_shared<ManualClock>();
//   auto transport = std::make_shared<FakeTransport>(clock);
//   transport->reply({.status = 200, .body = {"data: a", "\n\n"}});          // two chunks, then
//   the end transport->reply({.status = 503, .headers = {{"retry-after", "2"}}});
//   transport->reply({.body = {"half"}, .error = truncated_error()});        // cut after the first
//   chunk transport->reply({.body = {"late"}, .head_after = 5s});                  // lets 5 s pass
//   first transport->reply({.body = {"x"}, .hangs = true});                        // never ends
//
// Lane::wait(until) plays exactly one step: the head, one chunk, or the end. If the next step is
// due after `until`, the clock goes to `until` and nothing else happens, which is how timers fire.
// With nothing to play and until = SteadyTime::max() it blocks until wake(), as a real lane does.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "endpointkit/ext/transport.hpp"
#include "support/manual_clock.hpp"

namespace ek::test {

struct ScriptedReply {
  int status = 200;
  std::vector<Header> headers{};
  std::vector<std::string> body{};  ///< Chunk by chunk; an empty chunk is a wake-up without news.
  /// Ends the exchange after the last chunk, in place of the proper end. With status 0 there is no
  /// head: the connection failed.
  std::optional<Error> error{};
  bool hangs = false;    ///< Nothing comes after the last chunk, not even the end.
  bool at_once = false;  ///< All of it comes with the head.
  bool sent = true;      ///< Whether the request got out before the first step.
  std::chrono::milliseconds head_after{
      0};  ///< Between start() and the head (or a failure without).
  std::chrono::milliseconds chunk_after{0};  ///< Before each chunk.
  std::chrono::milliseconds end_after{0};    ///< Before the end or the error.
};

inline Error connect_error() {
  return {.code = ErrorCode::transport,
          .phase = Phase::connect,
          .message = "could not connect to the host: connection refused",
          .retryable = true};
}
inline ScriptedReply refused_connection() {
  return {.status = 0, .error = connect_error(), .sent = false};
}
/// A certificate that is not trusted, as an exchange tells of it.
inline ScriptedReply untrusted_server() {
  return {.status = 0,
          .error = Error{.code = ErrorCode::transport,
                         .phase = Phase::tls,
                         .message = "the host has a certificate that was refused"},
          .sent = false};
}
inline Error truncated_error() {
  return {.code = ErrorCode::truncated,
          .phase = Phase::stream,
          .message = "the connection closed before the body was complete"};
}

class FakeTransport final : public Transport {
 public:
  using Handler = std::function<ScriptedReply(const HttpRequest&)>;

  explicit FakeTransport(std::shared_ptr<ManualClock> clock) : clock_(std::move(clock)) {}

  /// Answers the next exchange that has no reply yet; replies are used in order.
  void reply(ScriptedReply reply) {
    const std::lock_guard lock(mutex_);
    replies_.push_back(std::move(reply));
  }
  /// Answers every exchange for which no reply() is left. Runs on the lane's thread inside start(),
  /// without a lock, so that it may block or call back.
  void handle(Handler handler) {
    const std::lock_guard lock(mutex_);
    handler_ = std::move(handler);
  }

  /// What was sent so far, in order of start().
  [[nodiscard]] std::vector<HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  /// With which options each of requests() went out.
  [[nodiscard]] std::vector<TransferOptions> transfers() const {
    const std::lock_guard lock(mutex_);
    return transfers_;
  }
  [[nodiscard]] std::size_t request_count() const {
    const std::lock_guard lock(mutex_);
    return requests_.size();
  }
  [[nodiscard]] std::size_t lanes_opened() const {
    const std::lock_guard lock(mutex_);
    return lanes_opened_;
  }
  /// Exchanges destroyed before their end: closed connections.
  [[nodiscard]] std::size_t aborted() const {
    const std::lock_guard lock(mutex_);
    return aborted_;
  }
  [[nodiscard]] std::size_t replies_left() const {
    const std::lock_guard lock(mutex_);
    return replies_.size();
  }

  std::unique_ptr<Lane> open_lane() override;

 private:
  class FakeLane;
  class FakeExchange;

  ScriptedReply take(const HttpRequest& request, const TransferOptions& options) {
    std::unique_lock lock(mutex_);
    requests_.push_back(request);
    transfers_.push_back(options);
    if (!replies_.empty()) {
      ScriptedReply next = std::move(replies_.front());
      replies_.pop_front();
      return next;
    }
    const Handler handler = handler_;
    lock.unlock();
    if (handler) return handler(request);
    ADD_FAILURE() << "an unscripted request was sent: " << request.method << ' ' << request.url;
    return {.status = 0, .error = connect_error(), .sent = false};
  }
  void note_abort() {
    const std::lock_guard lock(mutex_);
    ++aborted_;
  }

  const std::shared_ptr<ManualClock> clock_;
  mutable std::mutex mutex_;
  std::deque<ScriptedReply> replies_;
  Handler handler_;
  std::vector<HttpRequest> requests_;
  std::vector<TransferOptions> transfers_;
  std::size_t lanes_opened_ = 0;
  std::size_t aborted_ = 0;
};

/// Lanes and exchanges of it must not outlive the transport; an exchange must not outlive its lane.
class FakeTransport::FakeLane final : public Lane {
 public:
  explicit FakeLane(FakeTransport& transport) : transport_(transport) {}

  std::unique_ptr<Exchange> start(HttpRequest request, const TransferOptions& options) override;
  void wait(SteadyTime until) override;
  void wake() noexcept override {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    wakeup_.notify_one();
  }

 private:
  friend class FakeExchange;
  bool take_wake() {
    const std::lock_guard lock(mutex_);
    return std::exchange(woken_, false);
  }
  void block_until_woken() {
    std::unique_lock lock(mutex_);
    wakeup_.wait(lock, [&] { return woken_; });
    woken_ = false;
  }

  FakeTransport& transport_;
  std::vector<FakeExchange*> exchanges_;
  std::mutex mutex_;
  std::condition_variable wakeup_;
  bool woken_ = false;
};

class FakeTransport::FakeExchange final : public Exchange {
 public:
  FakeExchange(FakeLane& lane, ScriptedReply reply, const TransferOptions& options)
      : lane_(lane),
        reply_(std::move(reply)),
        limit_(options.max_buffered_bytes),
        on_news_(options.on_news),
        due_(lane.transport_.clock_->steady_now() + reply_.head_after) {
    lane_.exchanges_.push_back(this);
  }
  ~FakeExchange() override {
    if (!ended_) lane_.transport_.note_abort();
    std::erase(lane_.exchanges_, this);
  }
  FakeExchange(const FakeExchange&) = delete;
  FakeExchange& operator=(const FakeExchange&) = delete;

  [[nodiscard]] const HttpHead* head() const noexcept override { return head_ ? &*head_ : nullptr; }
  [[nodiscard]] std::string_view body() const noexcept override { return buffer_; }
  void consume(std::size_t bytes) override { buffer_.erase(0, bytes); }
  [[nodiscard]] bool ended() const noexcept override { return ended_; }
  [[nodiscard]] const Error* error() const noexcept override {
    return ended_ && reply_.error ? &*reply_.error : nullptr;
  }
  [[nodiscard]] bool sent() const noexcept override { return sent_; }

  void mark_sent() noexcept { sent_ = reply_.sent; }
  /// When the next step is due; none if it has ended, hangs, or its reader must consume first.
  [[nodiscard]] std::optional<SteadyTime> due() const {
    const bool all_played = head_ && next_chunk_ == reply_.body.size();
    if (ended_ || (all_played && reply_.hangs)) return std::nullopt;
    if (head_ && !all_played && buffer_.size() >= limit_) return std::nullopt;
    return due_;
  }
  void play() {
    step();
    while (reply_.at_once && due()) step();
    if (on_news_) on_news_();
  }

 private:
  void step() {
    if (!head_ && reply_.status != 0) {
      head_ = HttpHead{.status = reply_.status, .headers = reply_.headers};
    } else if (head_ && next_chunk_ < reply_.body.size()) {
      buffer_ += reply_.body[next_chunk_++];
    } else {
      ended_ = true;
    }
    const bool more = next_chunk_ < reply_.body.size();
    due_ = lane_.transport_.clock_->steady_now() + (more ? reply_.chunk_after : reply_.end_after);
  }

  FakeLane& lane_;
  const ScriptedReply reply_;
  const std::size_t limit_;
  const std::function<void()> on_news_;
  SteadyTime due_;
  std::optional<HttpHead> head_;
  std::string buffer_;
  std::size_t next_chunk_ = 0;
  bool ended_ = false;
  bool sent_ = false;
};

inline std::unique_ptr<Lane> FakeTransport::open_lane() {
  const std::lock_guard lock(mutex_);
  ++lanes_opened_;
  return std::make_unique<FakeLane>(*this);
}

inline std::unique_ptr<Exchange> FakeTransport::FakeLane::start(HttpRequest request,
                                                                const TransferOptions& options) {
  return std::make_unique<FakeExchange>(*this, transport_.take(request, options), options);
}

inline void FakeTransport::FakeLane::wait(SteadyTime until) {
  if (take_wake()) until = transport_.clock_->steady_now();  // one round, as a real lane
  FakeExchange* next = nullptr;
  for (FakeExchange* exchange : exchanges_) {
    exchange->mark_sent();
    const auto due = exchange->due();
    if (due && (next == nullptr || *due < *next->due())) next = exchange;
  }
  if (next != nullptr && *next->due() <= until) {
    transport_.clock_->advance_to(*next->due());
    next->play();
  } else if (until == SteadyTime::max()) {
    block_until_woken();
  } else {
    transport_.clock_->advance_to(until);
  }
}

}  // namespace ek::test

// A Loop whose events find their way by themselves: to a callback of each call, on an executor if
// you have one, or to a coroutine that awaits them. Header only, over the public Loop.
//
//     ek::Dispatcher dispatcher(client);
//     dispatcher.chat_stream(endpoint, request, [](ek::LoopEvent event) { … });
//     dispatcher.run();                                   // until no call is left
//
//     ek::Result<ek::ChatReply> reply = co_await dispatcher.chat(endpoint, request);
//     auto stream = dispatcher.chat_stream(endpoint, request);
//     while (auto event = co_await stream.next()) …       // an event, or the error as the last
//     item
#pragma once

#include <chrono>
#include <coroutine>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "endpointkit/loop.hpp"

namespace ek {

/// Threads: calls may be begun from any; run(), run_for() and poll() are for one at a time, and
/// callbacks and coroutines run there, or where the executor puts them. A callback may begin calls.
class Dispatcher {
 public:
  using Callback = std::function<void(LoopEvent)>;
  /// Runs what it is given, now or later, on whichever thread it likes; in order for each call.
  using Executor = std::function<void(std::function<void()>)>;

  class ReplyAwaiter;
  class Stream;

  explicit Dispatcher(const Client& client, Executor executor = {})
      : loop_(client), executor_(std::move(executor)) {}
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  /// Tells each call that still runs `cancelled`: no callback is forgotten, no coroutine hangs.
  /// What these begin then is not run.
  ~Dispatcher() {
    for (auto& [id, callback] : std::exchange(callbacks_, {})) {
      tell(callback, {.call = id,
                      .value = Error{.code = ErrorCode::cancelled,
                                     .phase = Phase::stream,
                                     .message = "the dispatcher was destroyed"},
                      .last = true});
    }
  }

  /// Every event of the call, the last of which has `last`. Errors: as Loop's.
  Result<CallId> chat(const Endpoint& endpoint, const ChatRequest& request, Callback callback,
                      const CallOptions& options = {}) {
    return begin(std::move(callback), [&] { return loop_.chat(endpoint, request, options); });
  }
  Result<CallId> chat_stream(const Endpoint& endpoint, const ChatRequest& request,
                             Callback callback, const CallOptions& options = {}) {
    return begin(std::move(callback),
                 [&] { return loop_.chat_stream(endpoint, request, options); });
  }
  Result<CallId> invoke(const Endpoint& endpoint, const InvokeRequest& request, Callback callback,
                        const CallOptions& options = {}) {
    return begin(std::move(callback), [&] { return loop_.invoke(endpoint, request, options); });
  }
  Result<CallId> invoke_stream(const Endpoint& endpoint, const InvokeRequest& request,
                               Callback callback, const CallOptions& options = {}) {
    return begin(std::move(callback),
                 [&] { return loop_.invoke_stream(endpoint, request, options); });
  }

  /// `co_await` gives Result<ChatReply>. The arguments must live until then.
  [[nodiscard]] ReplyAwaiter chat(const Endpoint& endpoint, const ChatRequest& request,
                                  const CallOptions& options = {});
  /// Begins at once; `co_await stream.next()` gives std::optional<Result<ChatEvent>> as
  /// ChatStream::next() does.
  [[nodiscard]] Stream chat_stream(const Endpoint& endpoint, const ChatRequest& request,
                                   const CallOptions& options = {});

  /// Until no call is left.
  void run() {
    while (auto event = loop_.next()) dispatch(*std::move(event));
  }
  /// For so long, also while there is no call.
  void run_for(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    for (auto left = time; left.count() > 0; left = std::chrono::ceil<std::chrono::milliseconds>(
                                                 end - std::chrono::steady_clock::now())) {
      if (auto event = loop_.next(left)) dispatch(*std::move(event));
    }
  }
  /// What is there, without waiting: for event loops that wait on loop().fd().
  void poll() {
    while (auto event = loop_.next(std::chrono::milliseconds(0))) dispatch(*std::move(event));
  }
  void cancel(CallId call) { loop_.cancel(call); }
  [[nodiscard]] Loop& loop() noexcept { return loop_; }

 private:
  template <class Begin>
  Result<CallId> begin(Callback callback, Begin&& begin) {
    const std::lock_guard lock(mutex_);  // before its first event is looked at
    Result<CallId> call = begin();
    if (call) callbacks_.emplace(*call, std::make_shared<Callback>(std::move(callback)));
    return call;
  }

  void dispatch(LoopEvent event) {
    std::shared_ptr<Callback> callback;
    {
      const std::lock_guard lock(mutex_);
      const auto found = callbacks_.find(event.call);
      callback = found->second;
      if (event.last) callbacks_.erase(found);
    }
    tell(callback, std::move(event));
  }

  void tell(const std::shared_ptr<Callback>& callback, LoopEvent event) {
    if (!executor_) return (*callback)(std::move(event));
    executor_([callback, shared = std::make_shared<LoopEvent>(std::move(event))] {
      (*callback)(std::move(*shared));
    });
  }

  Loop loop_;
  const Executor executor_;
  std::mutex mutex_;
  std::unordered_map<CallId, std::shared_ptr<Callback>> callbacks_;
};

class Dispatcher::ReplyAwaiter {
 public:
  ReplyAwaiter(Dispatcher& dispatcher, const Endpoint& endpoint, const ChatRequest& request,
               const CallOptions& options)
      : dispatcher_(dispatcher), endpoint_(endpoint), request_(request), options_(options) {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    auto call = dispatcher_.chat(
        endpoint_, request_,
        [this, waiting](LoopEvent event) {
          if (auto* reply = std::get_if<ChatReply>(&event.value)) result_ = std::move(*reply);
          if (auto* error = std::get_if<Error>(&event.value)) result_ = std::move(*error);
          waiting.resume();
        },
        options_);
    if (!call) result_ = std::move(call).error();
    return call.has_value();
  }
  Result<ChatReply> await_resume() { return std::move(result_); }

 private:
  Dispatcher& dispatcher_;
  const Endpoint& endpoint_;
  const ChatRequest& request_;
  const CallOptions options_;
  Result<ChatReply> result_ = Error{};
};

/// Destroying it before the end cancels the call.
class Dispatcher::Stream {
 public:
  using Item = std::optional<Result<ChatEvent>>;

  Stream(Dispatcher& dispatcher, const Endpoint& endpoint, const ChatRequest& request,
         const CallOptions& options)
      : dispatcher_(dispatcher), shared_(std::make_shared<Shared>()) {
    auto call = dispatcher.chat_stream(
        endpoint, request,
        [shared = shared_](LoopEvent event) {
          if (auto* part = std::get_if<ChatEvent>(&event.value))
            shared->items.emplace_back(std::move(*part));
          if (auto* error = std::get_if<Error>(&event.value))
            shared->items.emplace_back(std::move(*error));
          shared->over = event.last;
          if (shared->waiting) std::exchange(shared->waiting, nullptr).resume();
        },
        options);
    if (call) {
      shared_->call = *call;
    } else {
      shared_->items.emplace_back(std::move(call).error());
      shared_->over = true;
    }
  }
  Stream(Stream&&) noexcept = default;
  Stream& operator=(Stream&&) = delete;
  ~Stream() {
    if (shared_ && !shared_->over) dispatcher_.cancel(shared_->call);
  }

  [[nodiscard]] auto next() {
    struct Awaiter {
      Shared& shared;
      [[nodiscard]] bool await_ready() const noexcept {
        return shared.over || !shared.items.empty();
      }
      void await_suspend(std::coroutine_handle<> waiting) noexcept { shared.waiting = waiting; }
      Item await_resume() {
        if (shared.items.empty()) return std::nullopt;
        Item item = std::move(shared.items.front());
        shared.items.pop_front();
        return item;
      }
    };
    return Awaiter{*shared_};
  }

 private:
  // Used where the dispatcher runs, or where its executor puts both sides.
  struct Shared {
    CallId call = 0;
    std::deque<Result<ChatEvent>> items;
    bool over = false;
    std::coroutine_handle<> waiting;
  };

  Dispatcher& dispatcher_;
  std::shared_ptr<Shared> shared_;
};

inline Dispatcher::ReplyAwaiter Dispatcher::chat(const Endpoint& endpoint,
                                                 const ChatRequest& request,
                                                 const CallOptions& options) {
  return {*this, endpoint, request, options};
}
inline Dispatcher::Stream Dispatcher::chat_stream(const Endpoint& endpoint,
                                                  const ChatRequest& request,
                                                  const CallOptions& options) {
  return {*this, endpoint, request, options};
}

}  // namespace ek

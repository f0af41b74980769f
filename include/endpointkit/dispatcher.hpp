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
//
// With GCC before 13 give co_await variables: it miscompiles braced requests within the expression.
#pragma once

#include <algorithm>
#include <atomic>
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
/// Memory: of each call 64 events at most wait for the executor, or for a coroutine to ask; then
/// the call is paused until half of them are gone.
class Dispatcher {
 public:
  /// What it throws comes out of run(), poll() or the executor; for the call nothing changes. It
  /// must not throw when it is told of ~Dispatcher.
  using Callback = std::function<void(LoopEvent)>;
  /// Runs what it is given, now or later, on whichever thread it likes; in order for each call. Not
  /// only after run(), which waits for it where a call is paused.
  using Executor = std::function<void(std::function<void()>)>;

  class ReplyAwaiter;
  class Stream;

  explicit Dispatcher(const Client& client, Executor executor = {})
      : loop_(client), executor_(std::move(executor)), gate_(std::make_shared<Gate>(&loop_)) {}
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  /// Tells each call that still runs `cancelled`: no callback is forgotten, no coroutine hangs.
  /// What these begin then is not run.
  ~Dispatcher() {
    gate_->close();
    for (const auto& [id, route] : std::exchange(routes_, {})) {
      tell(route, {.call = id,
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
    while (loop_.size() > 0) {
      if (auto event = loop_.next()) dispatch(*std::move(event));
    }
  }
  /// For so long, a year at most, also while there is no call.
  void run_for(std::chrono::milliseconds time) {
    time = std::min<std::chrono::milliseconds>(time, std::chrono::hours(24 * 366));
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
  /// For event loops of others. The events of a call that is begun on it have nowhere to go and are
  /// dropped.
  [[nodiscard]] Loop& loop() noexcept { return loop_; }

 private:
  friend class AsioDispatcher;  // whose streams hold their events as those here do

  // The loop, for those who may outlive it.
  class Gate {
   public:
    explicit Gate(Loop* loop) : loop_(loop) {}
    void close() {
      with([this](Loop&) { loop_ = nullptr; });
    }
    void pause(CallId call) {
      with([&](Loop& loop) { loop.pause(call); });
    }
    void resume(CallId call) {
      with([&](Loop& loop) { loop.resume(call); });
    }
    void cancel(CallId call) {
      with([&](Loop& loop) { loop.cancel(call); });
    }

   private:
    template <class Work>
    void with(const Work& work) {
      const std::lock_guard lock(mutex_);
      if (loop_ != nullptr) work(*loop_);
    }
    std::mutex mutex_;
    Loop* loop_;
  };

  // The events of one call that were handed on and that nobody has dealt with yet.
  class Backlog {
   public:
    explicit Backlog(std::shared_ptr<Gate> gate) : gate_(std::move(gate)) {}

    void add() {
      if (++size_ < most) return;
      gate_->pause(call);
      if (size_ <= most / 2) gate_->resume(call);  // who took the last was quicker than the pause
    }
    void take() {
      if (--size_ == most / 2) gate_->resume(call);
    }

    void cancel() { gate_->cancel(call); }

    CallId call = 0;  // set once, before the first event

   private:
    static constexpr int most = 64;
    const std::shared_ptr<Gate> gate_;
    std::atomic<int> size_ = 0;
  };

  // Also where a callback throws.
  struct Taken {
    Backlog* from;
    ~Taken() {
      if (from != nullptr) from->take();
    }
  };

  struct Route {
    std::shared_ptr<Callback> callback;
    std::shared_ptr<Backlog> backlog;  // null where the callback runs at once
    bool takes = false;                // from the backlog, by itself
  };

  template <class Begin>
  Result<CallId> begin(Callback callback, Begin&& begin,
                       std::shared_ptr<Backlog> backlog = nullptr) {
    Route route{.callback = std::make_shared<Callback>(std::move(callback)),
                .backlog = std::move(backlog)};
    route.takes = route.backlog != nullptr;
    if (executor_ && !route.takes) route.backlog = std::make_shared<Backlog>(gate_);
    const std::lock_guard lock(mutex_);  // before its first event is looked at
    Result<CallId> call = begin();
    if (!call) return call;
    if (route.backlog) route.backlog->call = *call;
    routes_.emplace(*call, std::move(route));
    return call;
  }

  void dispatch(LoopEvent event) {
    Route route;
    {
      const std::lock_guard lock(mutex_);
      const auto found = routes_.find(event.call);
      if (found == routes_.end()) return;
      route = found->second;
      if (event.last) routes_.erase(found);
    }
    tell(route, std::move(event));
  }

  void tell(const Route& route, LoopEvent event) {
    if (route.backlog) route.backlog->add();
    if (!executor_) return (*route.callback)(std::move(event));
    executor_([route, shared = std::make_shared<LoopEvent>(std::move(event))] {
      const Taken taken{route.takes ? nullptr : route.backlog.get()};
      (*route.callback)(std::move(*shared));
    });
  }

  Loop loop_;
  const Executor executor_;
  const std::shared_ptr<Gate> gate_;
  std::mutex mutex_;
  std::unordered_map<CallId, Route> routes_;
};

/// Destroying the coroutine that waits cancels the call.
class Dispatcher::ReplyAwaiter {
 public:
  ReplyAwaiter(Dispatcher& dispatcher, const Endpoint& endpoint, const ChatRequest& request,
               const CallOptions& options)
      : dispatcher_(dispatcher), endpoint_(endpoint), request_(request), options_(options) {}
  ReplyAwaiter(ReplyAwaiter&&) noexcept = default;
  ReplyAwaiter& operator=(ReplyAwaiter&&) = delete;
  ~ReplyAwaiter() {
    if (!shared_ || !std::exchange(shared_->waiting, nullptr)) return;
    shared_->gate->cancel(shared_->call);
  }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    // Once the call has begun, the thread that runs may destroy this at any moment.
    const auto shared = shared_ = std::make_shared<Shared>();
    shared->gate = dispatcher_.gate_;
    shared->waiting = waiting;
    auto begun = dispatcher_.begin(
        [shared](LoopEvent event) {
          if (auto* reply = std::get_if<ChatReply>(&event.value))
            shared->result = std::move(*reply);
          if (auto* error = std::get_if<Error>(&event.value)) shared->result = std::move(*error);
          if (shared->waiting) std::exchange(shared->waiting, nullptr).resume();
        },
        [&]() -> Result<CallId> {
          auto call = dispatcher_.loop_.chat(endpoint_, request_, options_);
          if (call) shared->call = *call;
          return call;
        });
    if (begun) return true;
    shared->waiting = nullptr;
    shared->result = std::move(begun).error();
    return false;
  }
  Result<ChatReply> await_resume() { return std::move(shared_->result); }

 private:
  // Used where the dispatcher runs, or where its executor puts both sides.
  struct Shared {
    std::shared_ptr<Gate> gate;
    CallId call = 0;
    std::coroutine_handle<> waiting;
    Result<ChatReply> result = Error{};
  };

  Dispatcher& dispatcher_;
  const Endpoint& endpoint_;
  const ChatRequest& request_;
  const CallOptions options_;
  std::shared_ptr<Shared> shared_;
};

/// Destroying it before the end cancels the call.
class Dispatcher::Stream {
 public:
  using Item = std::optional<Result<ChatEvent>>;

  Stream(Dispatcher& dispatcher, const Endpoint& endpoint, const ChatRequest& request,
         const CallOptions& options)
      : shared_(std::make_shared<Shared>(dispatcher.gate_)) {
    auto call = dispatcher.begin(
        [shared = shared_](LoopEvent event) {
          if (auto* part = std::get_if<ChatEvent>(&event.value))
            shared->items.emplace_back(std::move(*part));
          if (auto* error = std::get_if<Error>(&event.value))
            shared->items.emplace_back(std::move(*error));
          shared->over = event.last;
          if (shared->waiting) std::exchange(shared->waiting, nullptr).resume();
        },
        [&] { return dispatcher.loop_.chat_stream(endpoint, request, options); },
        std::shared_ptr<Backlog>(shared_, &shared_->backlog));
    if (!call) {
      shared_->items.emplace_back(std::move(call).error());
      shared_->over = true;
    }
  }
  Stream(Stream&&) noexcept = default;
  Stream& operator=(Stream&&) = delete;
  ~Stream() {
    if (!shared_) return;
    shared_->waiting = nullptr;
    if (!shared_->over) shared_->backlog.cancel();
  }

  [[nodiscard]] auto next() {
    struct Awaiter {
      explicit Awaiter(std::shared_ptr<Shared> stream) : shared(std::move(stream)) {}
      Awaiter(const Awaiter&) = delete;
      Awaiter& operator=(const Awaiter&) = delete;
      ~Awaiter() { shared->waiting = nullptr; }  // its coroutine may be destroyed while it waits

      [[nodiscard]] bool await_ready() const noexcept {
        return shared->over || !shared->items.empty();
      }
      void await_suspend(std::coroutine_handle<> waiting) noexcept { shared->waiting = waiting; }
      Item await_resume() {
        if (shared->items.empty()) return std::nullopt;
        Item item = std::move(shared->items.front());
        shared->items.pop_front();
        shared->backlog.take();
        return item;
      }
      std::shared_ptr<Shared> shared;
    };
    return Awaiter(shared_);
  }

 private:
  // Used where the dispatcher runs, or where its executor puts both sides.
  struct Shared {
    explicit Shared(std::shared_ptr<Gate> gate) : backlog(std::move(gate)) {}
    Backlog backlog;
    std::deque<Result<ChatEvent>> items{};
    bool over = false;
    std::coroutine_handle<> waiting;
  };

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

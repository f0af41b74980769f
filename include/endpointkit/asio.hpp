// Calls as asynchronous operations of asio, for every completion token: callbacks, use_future,
// use_awaitable. Header only, over a Dispatcher; include it yourself. It takes standalone asio, or
// Boost's where ENDPOINTKIT_BOOST_ASIO is defined; 1.22 or Boost 1.78 at least, on Linux.
//
//     ek::AsioDispatcher calls(io.get_executor(), client);
//     ek::Result<ek::ChatReply> reply =
//         co_await calls.async_chat(endpoint, request, asio::use_awaitable);
//     auto stream = calls.chat_stream(endpoint, request);
//     while (auto event = co_await stream.async_next(asio::use_awaitable)) …
//
// With GCC 12 make the request a variable first: it miscompiles braced temporaries inside of
// co_await, so that `co_await calls.async_invoke(e, {.body = "…"}, asio::use_awaitable)` crashes.
#pragma once

#ifdef ENDPOINTKIT_BOOST_ASIO
#include <boost/asio.hpp>
#else
#include <asio.hpp>
#endif

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "endpointkit/dispatcher.hpp"

namespace ek {

#ifdef ENDPOINTKIT_BOOST_ASIO
namespace net = ::boost::asio;
#else
namespace net = ::asio;
#endif

/// Works on the executor that it is given, and only while a call is under way: io_context::run()
/// returns when all are over. Handlers run on their own executor, or on that one. A cancellation
/// slot cancels its call, which then completes with `cancelled`, as any failure: in the Result.
/// Threads: safe from all.
class AsioDispatcher {
 public:
  class Stream;

  AsioDispatcher(const net::any_io_executor& executor, const Client& client)
      : state_(std::make_shared<State>(executor, client)) {}
  AsioDispatcher(AsioDispatcher&&) noexcept = default;
  AsioDispatcher& operator=(AsioDispatcher&&) = delete;
  /// Completes what still runs with `cancelled`. If the executor's context goes instead, what still
  /// runs is cancelled and its handlers are destroyed, as asio does with its own.
  ~AsioDispatcher() {
    if (state_)
      net::dispatch(state_->strand, [turn = Turn(state_)]() mutable { turn.take()->stop(); });
  }

  /// Completes with Result<ChatReply>.
  template <class Token>
  auto async_chat(const Endpoint& endpoint, ChatRequest request, Token&& token,
                  CallOptions options = {}) {
    return whole<ChatReply>(
        std::forward<Token>(token),
        [at = endpoint.state(), request = std::move(request), options = std::move(options)](
            Dispatcher& dispatcher, Dispatcher::Callback callback) {
          return dispatcher.chat(Endpoint(at), request, std::move(callback), options);
        });
  }
  /// Completes with Result<InvokeReply>.
  template <class Token>
  auto async_invoke(const Endpoint& endpoint, InvokeRequest request, Token&& token,
                    CallOptions options = {}) {
    return whole<InvokeReply>(
        std::forward<Token>(token),
        [at = endpoint.state(), request = std::move(request), options = std::move(options)](
            Dispatcher& dispatcher, Dispatcher::Callback callback) {
          return dispatcher.invoke(Endpoint(at), request, std::move(callback), options);
        });
  }
  /// Begins at once.
  [[nodiscard]] Stream chat_stream(const Endpoint& endpoint, const ChatRequest& request,
                                   const CallOptions& options = {});

 private:
  struct State;

  // What the state waits for its turn with. Destroyed without one, the context is going and nothing
  // will run any more: handlers that hold the state, as coroutines do, must be let go of.
  class Turn {
   public:
    explicit Turn(std::shared_ptr<State> state) : state_(std::move(state)) {}
    Turn(Turn&&) noexcept = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (const auto state = take()) state->stop();
    }
    std::shared_ptr<State> take() noexcept { return std::exchange(state_, nullptr); }

   private:
    std::shared_ptr<State> state_;
  };

  // Keeps itself alive while it waits for the loop.
  struct State : std::enable_shared_from_this<State> {
    State(const net::any_io_executor& executor, const Client& client)
        : strand(net::make_strand(executor)),
          dispatcher(std::make_unique<Dispatcher>(client)),
          gate(dispatcher->gate_),
          readable(strand, dispatcher->loop().fd()),
          due(strand) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { readable.release(); }  // the loop's own

    template <class Begin>
    Result<CallId> begin(const Begin& begin, Dispatcher::Callback callback) {
      if (!dispatcher) {
        return Error{.code = ErrorCode::cancelled,
                     .phase = Phase::request,
                     .message = "the dispatcher was destroyed before the call began"};
      }
      Result<CallId> call = begin(*dispatcher, std::move(callback));
      if (call) net::post(strand, [turn = wait()]() mutable { turn.take()->work(); });
      return call;
    }

    void work() {
      if (!dispatcher) return;
      dispatcher->poll();
      if (!dispatcher || dispatcher->loop().size() == 0) return stop_waiting();
      if (!std::exchange(waits, true)) {
        readable.async_wait(net::posix::stream_descriptor::wait_read,
                            [turn = wait()](const auto&) mutable {
                              const auto self = turn.take();
                              self->waits = false;
                              self->work();
                            });
      }
      due.expires_at(dispatcher->loop().deadline());
      due.async_wait([turn = wait()](const auto& failure) mutable {
        const auto self = turn.take();
        if (!failure) self->work();
      });
    }

    void stop_waiting() {
      readable.cancel();
      due.cancel();
    }

    void stop() {
      stop_waiting();
      const auto last = std::move(dispatcher);  // what it tells may come back here
    }

    Turn wait() { return Turn(shared_from_this()); }

    net::strand<net::any_io_executor> strand;
    std::unique_ptr<Dispatcher> dispatcher;  // used in the strand, but to begin and cancel calls
    const std::shared_ptr<Dispatcher::Gate> gate;
    net::posix::stream_descriptor readable;
    net::steady_timer due;
    bool waits = false;  // for `readable`
  };

  // A handler that may be move-only, and is called once, where it wants to be.
  template <class Handler>
  class Completion {
   public:
    Completion(Handler handler, const net::any_io_executor& executor)
        : handler_(std::move(handler)), work_(net::get_associated_executor(handler_, executor)) {}

    template <class Value>
    void operator()(Value value) {
      const auto executor = work_.get_executor();
      net::post(executor, [handler = std::move(handler_), value = std::move(value)]() mutable {
        std::move(handler)(std::move(value));
      });
      work_.reset();
    }

   private:
    Handler handler_;
    net::executor_work_guard<net::associated_executor_t<Handler, net::any_io_executor>> work_;
  };

  // What is captured lives on: use_awaitable begins when it is awaited.
  template <class Reply, class Token, class Begin>
  auto whole(Token&& token, Begin begin) {
    return net::async_initiate<Token, void(Result<Reply>)>(
        [state = state_, begin = std::move(begin)](auto handler) {
          const auto id = std::make_shared<std::atomic<CallId>>(0);
          // Once the call has begun, the handler may be gone and its slot with it.
          cancel_on(net::get_associated_cancellation_slot(handler), state,
                    [id] { return id->load(); });
          const auto done =
              std::make_shared<Completion<decltype(handler)>>(std::move(handler), state->strand);
          const Result<CallId> call = state->begin(begin, [done](LoopEvent event) {
            if (auto* reply = std::get_if<Reply>(&event.value)) {
              (*done)(Result<Reply>(std::move(*reply)));
            } else if (auto* error = std::get_if<Error>(&event.value)) {
              (*done)(Result<Reply>(std::move(*error)));
            }
          });
          if (!call) return (*done)(Result<Reply>(call.error()));
          *id = *call;
        },
        token);
  }

  template <class Slot, class Which>
  static void cancel_on(Slot slot, const std::shared_ptr<State>& state, Which call) {
    if (!slot.is_connected()) return;
    slot.assign([weak = std::weak_ptr<State>(state), call](net::cancellation_type) {
      if (const auto alive = weak.lock()) {
        net::dispatch(alive->strand, [alive, call] {
          if (alive->dispatcher) alive->dispatcher->cancel(call());
        });
      }
    });
  }

  std::shared_ptr<State> state_;
};

/// A streamed answer. Move-only. Of the events that nobody has asked for yet 64 wait in memory, the
/// others where they come from. Destroying it before the end cancels the call.
class AsioDispatcher::Stream {
 public:
  using Item = std::optional<Result<ChatEvent>>;

  Stream(Stream&&) noexcept = default;
  Stream& operator=(Stream&&) = delete;
  ~Stream() { cancel(); }

  /// Completes with the next event, the error that ended the stream as the last item, or nothing
  /// once it is over: as ChatStream::next(). One at a time. Its cancellation slot cancels the call.
  template <class Token>
  auto async_next(Token&& token) {
    return net::async_initiate<Token, void(Item)>(
        [shared = shared_, state = state_](auto handler) {
          cancel_on(net::get_associated_cancellation_slot(handler), state,
                    [call = shared->backlog.call] { return call; });
          const auto done =
              std::make_shared<Completion<decltype(handler)>>(std::move(handler), state->strand);
          net::dispatch(state->strand, [shared, done] {
            shared->waiting = [done](Item item) { (*done)(std::move(item)); };
            shared->give();
          });
        },
        token);
  }
  /// The next event will be `cancelled`, unless the stream is over.
  void cancel() noexcept {
    if (!shared_) return;
    net::dispatch(state_->strand, [shared = shared_, state = state_] {
      if (!shared->over && state->dispatcher) state->dispatcher->cancel(shared->backlog.call);
    });
  }

 private:
  friend class AsioDispatcher;

  // Used in the strand. It does not hold the state, which holds it.
  struct Shared {
    explicit Shared(std::shared_ptr<Dispatcher::Gate> gate) : backlog(std::move(gate)) {}

    void take(LoopEvent event) {
      if (auto* part = std::get_if<ChatEvent>(&event.value)) items.emplace_back(std::move(*part));
      if (auto* error = std::get_if<Error>(&event.value)) items.emplace_back(std::move(*error));
      over = event.last;
      give();
    }
    void give() {
      if (!waiting || (items.empty() && !over)) return;
      Item item;
      if (!items.empty()) {
        item.emplace(std::move(items.front()));
        items.pop_front();
        backlog.take();
      }
      std::exchange(waiting, nullptr)(std::move(item));
    }

    Dispatcher::Backlog backlog;
    std::deque<Result<ChatEvent>> items{};
    bool over = false;
    std::function<void(Item)> waiting{};
  };

  Stream(std::shared_ptr<Shared> shared, std::shared_ptr<State> state)
      : shared_(std::move(shared)), state_(std::move(state)) {}

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<State> state_;
};

inline AsioDispatcher::Stream AsioDispatcher::chat_stream(const Endpoint& endpoint,
                                                          const ChatRequest& request,
                                                          const CallOptions& options) {
  const auto shared = std::make_shared<Stream::Shared>(state_->gate);
  auto call = state_->begin(
      [&](Dispatcher& dispatcher, Dispatcher::Callback callback) {
        return dispatcher.begin(
            std::move(callback),
            [&] { return dispatcher.loop_.chat_stream(endpoint, request, options); },
            std::shared_ptr<Dispatcher::Backlog>(shared, &shared->backlog));
      },
      [shared](LoopEvent event) { shared->take(std::move(event)); });
  if (!call) {
    shared->items.emplace_back(std::move(call).error());
    shared->over = true;
  }
  return {shared, state_};
}

}  // namespace ek

// Thousands of calls on one thread of the application's choice.
//
//     ek::Loop loop(client);
//     for (const auto& question : questions) (void)loop.chat_stream(endpoint, {.messages =
//     {ek::user(question)}}); while (auto event = loop.next()) {
//       if (const auto* part = event->get_if<ek::ChatEvent>()) show(event->call, part->text());
//       if (const auto* error = event->get_if<ek::Error>()) show(event->call, error->message);
//     }
//
// Inside an event loop of the application (epoll, libuv, asio, Qt): wait until fd() is readable or
// deadline() has come, then take events with next(0ms) until there are none.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "endpointkit/chat.hpp"
#include "endpointkit/endpoint.hpp"
#include "endpointkit/error.hpp"
#include "endpointkit/export.hpp"
#include "endpointkit/invoke.hpp"

namespace ek {

/// One call of one loop; never 0 and never used twice by the same loop.
using CallId = std::uint64_t;

/// The end of invoke_stream().
struct StreamEnd {
  bool operator==(const StreamEnd&) const = default;
};

/// What a call has to say. A stream gives ChatEvents, or pieces as strings, and ends with Finished,
/// StreamEnd or an Error; an unstreamed call gives one reply or one Error.
struct LoopEvent {
  CallId call = 0;
  std::variant<ChatEvent, std::string, StreamEnd, ChatReply, InvokeReply, Error> value;
  bool last = false;  ///< Nothing more comes of this call. Every call has exactly one such event.

  template <class T>
  [[nodiscard]] const T* get_if() const noexcept {
    return std::get_if<T>(&value);
  }
};

/// Threads: calls may be added and cancelled from any; all else is for one at a time. Nothing works
/// but inside next() and process(), with one exception: where tokens have to be fetched, threads do
/// so, one for each identity that is asked, which are started then and end with the loop.
/// Memory: as of ChatStream, for each call; all of them share NetworkOptions::max_buffered_bytes.
/// Processes: a forked child must not touch the loop, nor its fd(); see endpoint.hpp.
class EK_API Loop {
 public:
  explicit Loop(const Client& client);
  Loop(Loop&&) noexcept;
  Loop& operator=(Loop&&) noexcept;
  /// Cancels what still runs, and returns at once, or when a token fetch that runs has noticed.
  ~Loop();

  /// Errors: invalid_request for the request itself, or for an endpoint of another client.
  /// Everything else comes as an event. The first next() or process() sends.
  Result<CallId> chat(const Endpoint& endpoint, const ChatRequest& request,
                      const CallOptions& options = {});
  Result<CallId> chat_stream(const Endpoint& endpoint, const ChatRequest& request,
                             const CallOptions& options = {});
  Result<CallId> invoke(const Endpoint& endpoint, const InvokeRequest& request,
                        const CallOptions& options = {});
  Result<CallId> invoke_stream(const Endpoint& endpoint, const InvokeRequest& request,
                               const CallOptions& options = {});
  /// The call's last event will be `cancelled`, at once, or with CancelMode::drain once the rest
  /// was read, whose usage an Observer is told. Nothing happens if it is over. Any thread.
  void cancel(CallId call);
  /// From the next next() on, the call's events wait until resume() or cancel(), and when its
  /// buffer is full its sender does: back-pressure for those who hand events on. As always, no
  /// timer runs while an event waits. Nothing happens if the call is over. Any thread.
  void pause(CallId call);
  void resume(CallId call);

  /// Works until there is an event; nothing once no call is left. Calls take turns.
  std::optional<LoopEvent> next();
  /// The same, for at most `timeout`, also while there is no call; nothing if none came in time or
  /// wake() was called. Not taking a call's events is its back-pressure.
  std::optional<LoopEvent> next(std::chrono::milliseconds timeout);
  /// Works without waiting. True if next() has an event at once.
  bool process();
  /// Makes a next() that waits, or the following one, return. Any thread.
  void wake() noexcept;

  /// Calls whose last event was not taken yet. Any thread.
  [[nodiscard]] std::size_t size() const noexcept;
  /// Readable when process() has something to do; -1 where the system has no epoll. Owned by the
  /// loop.
  [[nodiscard]] int fd() const noexcept;
  /// When process() has something to do though fd() is silent; the far future if never.
  [[nodiscard]] std::chrono::steady_clock::time_point deadline() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace ek

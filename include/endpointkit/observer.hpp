// What happens inside calls, as it happens: the base for metrics, traces and tests.
//
//     struct Metrics final : ek::Observer {
//       void on_moment(const ek::CallMoment& moment) noexcept override { … }
//     };
//     ek::Client client({.observer = std::make_shared<Metrics>()});
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "endpointkit/error.hpp"
#include "endpointkit/export.hpp"

namespace ek {

struct Usage;  // endpointkit/chat.hpp

/// One moment of one call. Views and pointers live for the length of on_moment() only.
struct CallMoment {
  enum class Kind : std::int32_t {
    attempt_started = 1,  ///< Signed and handed to the transport; `took` is the signing.
    token_fetched = 2,    ///< The signing had to ask a token service; before attempt_started.
    headers = 3,          ///< Status and headers are there; `took` since attempt_started.
    first_event = 4,      ///< The first piece of the answer; `took` since attempt_started.
    attempt_failed = 5,   ///< With `error`; `retry_in` is set if there will be another attempt.
    ended = 6,            ///< The last moment of every call that was begun; `took` is all of it.
  };

  Kind kind{};
  std::chrono::steady_clock::time_point at{};
  std::string_view call_id{};  ///< A UUID, the same in all moments of the call.
  std::string_view uri{};      ///< Of the endpoint, without secrets.
  int attempt = 0;             ///< From 1.
  std::chrono::nanoseconds took{};
  int http_status = 0;           ///< From `headers` on; 0 before.
  const Error* error = nullptr;  ///< attempt_failed and ended; null if all went well.
  std::optional<std::chrono::milliseconds> retry_in{};
  int retry_cost = 0;  ///< attempt_failed: what the next attempt takes from the client's budget.
  /// `ended`, streams and chats whose provider counted.
  const Usage* usage = nullptr;
};

/// The stable lower-case name.
EK_API std::string_view to_string(CallMoment::Kind kind) noexcept;

/// Threads: called on whichever thread drives the call, so from several at once if calls run on
/// several. Must not block and must not use the call it is told of.
class EK_API Observer {
 public:
  virtual ~Observer();
  virtual void on_moment(const CallMoment& moment) noexcept = 0;
};

}  // namespace ek

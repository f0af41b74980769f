// How calls are made: timers, retries, cancelling. For a client, for an endpoint, for one call, and
// by key and text.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/error.hpp"
#include "endpointkit/export.hpp"
#include "endpointkit/invoke.hpp"

namespace ek {

class Observer;  // endpointkit/observer.hpp

/// Zero switches a timer off; less is refused (invalid_request), more than ten years is ten years.
/// Time in which the consumer does not ask for the next event never counts, but for the connect
/// timer.
struct Timeouts {
  /// DNS, TCP, proxy and TLS of one attempt.
  std::chrono::milliseconds connect{10'000};
  /// Streams: from the start of the attempt to the first text, reasoning, tool call or image; not
  /// headers, not pings. Where it runs out before the request was sent that can be sent again, as
  /// after the connect timer.
  std::chrono::milliseconds first_event{120'000};
  /// The longest silence after that.
  std::chrono::milliseconds idle{90'000};
  /// The whole call with all its attempts.
  std::chrono::milliseconds total{900'000};
  /// Less of the answer's body in ten seconds ends the call. 0: the idle timer is enough.
  std::uint32_t min_bytes_per_second = 0;

  bool operator==(const Timeouts&) const = default;
};

/// Whether throttling changes more than the wait before the next attempt. Both are the AWS SDKs' of
/// November 2026, and serve every cloud.
enum class RetryMode : std::int32_t {
  standard,
  /// Once the provider has throttled, the calls of the endpoint go out only as fast as it takes
  /// them: the rate is cut by three tenths at each refusal and feels its way up after it. What a
  /// call waits for that counts for its total timer.
  adaptive,
};

/// What a retry may cost. Nothing is ever sent again once an event was handed out, and what the
/// model may have computed (and billed) without our seeing it only on request. Backoff is that of
/// the AWS SDKs' standard mode of November 2026; a provider's Retry-After is honoured up to a
/// minute.
struct RetryPolicy {
  int max_attempts = 3;  ///< In total, 1 to 100; 1 never retries.
  /// Also retry what may be paid twice: a connection lost after the request was sent, a 408 or 504,
  /// a timer that ran out (but that for the whole call), a stream that was cut or failed before its
  /// first event. Where it says that the provider throttles or is overloaded nothing was computed:
  /// that is retried in any case.
  bool retry_paid = false;
  /// Bounds the waits between attempts, which double. What a provider asks for may be longer.
  std::chrono::milliseconds max_backoff{20'000};
  RetryMode mode = RetryMode::standard;

  bool operator==(const RetryPolicy&) const = default;
};

/// What a cancelled stream does.
enum class CancelMode : std::int32_t {
  abort,  ///< Closes the connection at once: providers stop working, and billing, where they can.
  /// Reads on without handing anything out, for half a minute at most, so that the stream's reply()
  /// knows the usage and the connection can be used again. Only once an event was handed out.
  drain,
};

/// What an endpoint's calls do where their CallOptions say nothing.
struct CallDefaults {
  Timeouts timeouts{};
  RetryPolicy retry{};
  CancelMode on_cancel = CancelMode::abort;

  bool operator==(const CallDefaults&) const = default;
};

/// Sets one of them by its key and a text, for configuration files and other languages:
/// timeout.connect_ms, .first_event_ms, .idle_ms, .total_ms, .min_bytes_per_second;
/// retry.max_attempts (1 to 100), .max_backoff_ms, .retry_paid (true or false), .mode (standard or
/// adaptive); cancel.mode (abort or drain). Client::open() takes the same keys, in its options and
/// in the URI. Errors: invalid_request, naming the key and what it wants, also for a key that is
/// none.
EK_API Result<void> set_call_default(CallDefaults& defaults, std::string_view key,
                                     std::string_view text);
/// All keys, with ", " between them.
EK_API std::string call_default_keys();

/// For one call. Members that are not set come from the endpoint, which has them from its own
/// options or from the client.
struct CallOptions {
  std::optional<Timeouts> timeouts{};
  std::optional<RetryPolicy> retry{};
  std::stop_token stop{};  ///< Cancels at once, whatever the call waits for.
  std::optional<CancelMode> on_cancel{};
  std::vector<Header> headers{};         ///< Sent as well.
  std::shared_ptr<Observer> observer{};  ///< Instead of the client's.
};

}  // namespace ek

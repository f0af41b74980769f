#include "endpoint/timers.hpp"

#include <fmt/format.h>

namespace ek {

using std::chrono::milliseconds;

Error cancelled(std::string_view more) {
  return {.code = ErrorCode::cancelled,
          .phase = Phase::stream,
          .message = fmt::format("the caller cancelled the call{}", more)};
}

Error unsent_error(const Timeouts& timeouts) {
  return {.code = ErrorCode::timeout,
          .phase = Phase::connect,
          .message = fmt::format("the request was not sent within the {} ms of "
                                 "Timeouts::first_event",
                                 timeouts.first_event.count()),
          .retryable = true};
}

Error timeout_error(Phase phase, const Timeouts& timeouts) {
  const auto say = [&](std::string_view what, milliseconds limit, std::string_view member) {
    return Error{
        .code = ErrorCode::timeout,
        .phase = phase,
        .message = fmt::format("{0} within {1} ms; raise Timeouts::{2} (timeout.{2}_ms) if the "
                               "model needs longer",
                               what, limit.count(), member),
        .retryable = true};
  };
  switch (phase) {
    case Phase::first_event:
      return say("no piece of the answer came", timeouts.first_event, "first_event");
    case Phase::idle:
      return say("nothing more of the answer came", timeouts.idle, "idle");
    case Phase::throughput:
      return {.code = ErrorCode::timeout,
              .phase = phase,
              .message = fmt::format(
                  "in {} s less than {} bytes a second of the answer came; lower "
                  "Timeouts::min_bytes_per_second (timeout.min_bytes_per_second) if that is "
                  "enough",
                  throughput_window.count(), timeouts.min_bytes_per_second),
              .retryable = true};
    case Phase::stream:
      return cancelled(fmt::format("; the answer had not ended {} s later", drain_limit.count()));
    default:
      return say("the call was not over", timeouts.total, "total");
  }
}

}  // namespace ek

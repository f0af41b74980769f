// The windows of a call's timers, and how a call ends by one.
#pragma once

#include <chrono>
#include <string_view>

#include "endpointkit/endpoint.hpp"
#include "endpointkit/error.hpp"

namespace ek {

/// Over which the minimum throughput is measured.
constexpr std::chrono::seconds throughput_window(10);
/// How long a cancelled call may be read on.
constexpr std::chrono::seconds drain_limit(30);

/// The error of the timer that `phase` names.
Error timeout_error(Phase phase, const Timeouts& timeouts);
/// The first-event timer ran out though the request was not sent yet: it can be sent again.
Error unsent_error(const Timeouts& timeouts);
Error cancelled(std::string_view more = "");

}  // namespace ek

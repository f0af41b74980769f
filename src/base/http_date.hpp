// Dates as HTTP headers carry them.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace ek {

/// IMF-fixdate (RFC 9110 §5.6.7), "Sun, 06 Nov 1994 08:49:37 GMT". None for anything else.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);

}  // namespace ek

// Times as JSON and XML carry them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ek {

/// RFC 3339 §5.6, "2026-11-25T12:00:00Z" or with an offset: "…T12:00:00.25+01:00". Fractions are
/// dropped. "UTC" counts as "Z", since botocore writes it. None for anything else.
std::optional<std::chrono::sys_seconds> parse_iso_time(std::string_view text);
/// "2026-11-25T12:00:00Z"
std::string format_iso_time(std::chrono::sys_seconds time);

}  // namespace ek

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "base/later.hpp"
#include "base/text.hpp"
#include "endpointkit/call_options.hpp"

namespace ek {
namespace {

using std::chrono::milliseconds;

// Ten years bound every duration, so that no arithmetic on clocks can overflow.

std::optional<std::int64_t> parse_number(std::string_view text, std::int64_t least,
                                         std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = failure == std::errc() && end == text.data() + text.size();
  return whole && number >= least && number <= most ? std::optional(number) : std::nullopt;
}

template <auto Group, auto Member>
bool set_duration(CallDefaults& defaults, std::string_view text) {
  const auto number = parse_number(text, 0, longest_time.count());
  if (number) (defaults.*Group).*Member = milliseconds(*number);
  return number.has_value();
}

bool set_rate(CallDefaults& defaults, std::string_view text) {
  const auto number = parse_number(text, 0, std::numeric_limits<std::uint32_t>::max());
  if (number) defaults.timeouts.min_bytes_per_second = static_cast<std::uint32_t>(*number);
  return number.has_value();
}

bool set_attempts(CallDefaults& defaults, std::string_view text) {
  const auto number = parse_number(text, 1, 100);
  if (number) defaults.retry.max_attempts = static_cast<int>(*number);
  return number.has_value();
}

// One of two words: `yes` is true.
template <class T>
bool choose(T& target, std::string_view text, std::string_view no, std::string_view yes) {
  if (text != no && text != yes) return false;
  target = static_cast<T>(text == yes);
  return true;
}

struct Key {
  std::string_view name, wanted;
  bool (*set)(CallDefaults& defaults, std::string_view text);
};
constexpr std::string_view time = "a number of milliseconds, 0 or more";
constexpr std::array<Key, 10> keys = {{
    {"timeout.connect_ms", time, set_duration<&CallDefaults::timeouts, &Timeouts::connect>},
    {"timeout.first_event_ms", time, set_duration<&CallDefaults::timeouts, &Timeouts::first_event>},
    {"timeout.idle_ms", time, set_duration<&CallDefaults::timeouts, &Timeouts::idle>},
    {"timeout.total_ms", time, set_duration<&CallDefaults::timeouts, &Timeouts::total>},
    {"timeout.min_bytes_per_second", "a number of bytes, 0 or more", set_rate},
    {"retry.max_attempts", "a number from 1 to 100", set_attempts},
    {"retry.max_backoff_ms", time, set_duration<&CallDefaults::retry, &RetryPolicy::max_backoff>},
    {"retry.retry_paid", "true or false",
     [](CallDefaults& to, std::string_view text) {
       return choose(to.retry.retry_paid, text, "false", "true");
     }},
    {"retry.mode", "standard or adaptive",
     [](CallDefaults& to, std::string_view text) {
       return choose(to.retry.mode, text, "standard", "adaptive");
     }},
    {"cancel.mode", "abort or drain",
     [](CallDefaults& to, std::string_view text) {
       return choose(to.on_cancel, text, "abort", "drain");
     }},
}};

Error refuse(std::string message) {
  return {
      .code = ErrorCode::invalid_request, .phase = Phase::request, .message = std::move(message)};
}

}  // namespace

Result<void> set_call_default(CallDefaults& defaults, std::string_view key, std::string_view text) {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const Key& one) { return one.name == key; });
  if (found == keys.end()) {
    return refuse(
        fmt::format("unknown option \"{}\"; known are {}", printable(key), call_default_keys()));
  }
  if (found->set(defaults, text)) return {};
  return refuse(
      fmt::format("option {} wants {}, not \"{}\"", key, found->wanted, clip(printable(text), 40)));
}

std::string call_default_keys() {
  std::string names;
  for (const Key& key : keys) names += (names.empty() ? "" : ", ") + std::string(key.name);
  return names;
}

}  // namespace ek

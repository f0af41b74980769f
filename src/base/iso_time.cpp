#include "base/iso_time.hpp"

#include <fmt/format.h>

#include <charconv>

namespace ek {
namespace {

using std::chrono::sys_seconds;

constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd";

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool has_shape(std::string_view text, std::string_view wanted) noexcept {
  if (text.size() != wanted.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == 'd' ? !is_digit(text[i]) : text[i] != wanted[i]) return false;
  }
  return true;
}

int number(std::string_view digits) noexcept {
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::optional<sys_seconds> date_and_time(std::string_view text) {
  const std::chrono::year_month_day date(
      std::chrono::year(number(text.substr(0, 4))),
      std::chrono::month(static_cast<unsigned>(number(text.substr(5, 2)))),
      std::chrono::day(static_cast<unsigned>(number(text.substr(8, 2)))));
  const int hour = number(text.substr(11, 2));
  const int minute = number(text.substr(14, 2));
  const int second = number(text.substr(17, 2));
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

// "Z", "UTC", "+01:00": how far the clock that was read is ahead of UTC.
std::optional<std::chrono::seconds> offset(std::string_view text) {
  if (text == "Z" || text == "z" || text == "UTC") return std::chrono::seconds(0);
  if (text.empty() || !has_shape(text.substr(1), "dd:dd")) return std::nullopt;
  if (text[0] != '+' && text[0] != '-') return std::nullopt;
  const int hours = number(text.substr(1, 2));
  const int minutes = number(text.substr(4, 2));
  if (hours > 23 || minutes > 59) return std::nullopt;
  const std::chrono::seconds ahead = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return text[0] == '+' ? ahead : -ahead;
}

}  // namespace

std::optional<sys_seconds> parse_iso_time(std::string_view text) {
  if (!has_shape(text.substr(0, shape.size()), shape)) return std::nullopt;
  const auto time = date_and_time(text);
  std::string_view rest = text.substr(shape.size());
  if (rest.starts_with('.')) {
    const auto end = rest.find_first_not_of("0123456789", 1);
    if (end == 1 || end == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(end);
  }
  const auto ahead = offset(rest);
  if (!time || !ahead) return std::nullopt;
  return *time - *ahead;
}

// By hand: what fmt does goes through nanoseconds, which end in the year 2262.
std::string format_iso_time(sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace ek

#include "signing/azure/token_reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/http_date.hpp"
#include "base/iso_time.hpp"

namespace ek {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::int64_t max_lifetime = 2'147'483'647;  // a 32-bit number of seconds
constexpr std::int64_t max_time = 253'402'300'799;    // 9999-12-31T23:59:59Z
constexpr seconds assumed_lifetime = std::chrono::minutes(5);
constexpr seconds longest_lifetime = std::chrono::hours(24 * 366);

Error bad_reply(std::string_view what) {
  return {.code = ErrorCode::server_error,
          .phase = Phase::credentials,
          .message = fmt::format("expected an access token and when it ends, but {}", what)};
}

std::optional<std::int64_t> digits(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> number_in(const json& value, std::int64_t max) {
  std::optional<std::int64_t> number;
  if (value.is_string()) number = digits(value.get_ref<const std::string&>());
  if (value.is_number_integer()) number = value.get<std::int64_t>();
  if (value.is_number_float() && value.get<double>() >= 0 && value.get<double>() < 1e12)
    number = static_cast<std::int64_t>(value.get<double>());
  if (number && (*number < 0 || *number > max)) return std::nullopt;
  return number;
}

// The next number of `text`, which it leaves behind with the separator after it.
std::optional<int> take_number(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  if (end == std::string_view::npos) return std::nullopt;
  const auto value = digits(text.substr(0, end));
  text.remove_prefix(end + 1);
  if (!value || *value < 0 || *value > 9999) return std::nullopt;
  return static_cast<int>(*value);
}

// App Service with api-version 2017-09-01: "6/20/2026 2:57:58 PM +00:00", or without AM and PM.
std::optional<sys_seconds> parse_american_time(std::string_view text) {
  constexpr std::string_view utc = " +00:00";
  if (!text.ends_with(utc)) return std::nullopt;
  text.remove_suffix(utc.size());
  const bool pm = text.ends_with(" PM"), am = text.ends_with(" AM");
  if (pm || am) text.remove_suffix(3);
  const std::string closed = std::string(text) + ' ';
  std::string_view rest = closed;
  const auto month = take_number(rest, '/'), day = take_number(rest, '/');
  const auto year = take_number(rest, ' '), hour = take_number(rest, ':');
  const auto minute = take_number(rest, ':'), second = take_number(rest, ' ');
  if (!month || !day || !year || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year{*year},
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  int full_hour = *hour;
  if (am || pm) full_hour = full_hour % 12 + (pm ? 12 : 0);
  return std::chrono::sys_days(date) + std::chrono::hours(full_hour) +
         std::chrono::minutes(*minute) + seconds(*second);
}

std::optional<sys_seconds> time_in(const json& value) {
  if (const auto number = number_in(value, max_time)) return sys_seconds(seconds(*number));
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (const auto time = parse_iso_time(text)) return time;
  if (const auto time = parse_http_date(text)) return time;
  return parse_american_time(text);
}

std::optional<sys_seconds> end_in(const json& reply, sys_seconds now) {
  const auto life = reply.find("expires_in"), end = reply.find("expires_on");
  if (life == reply.end() && end == reply.end()) return now + assumed_lifetime;
  if (life != reply.end()) {
    if (const auto number = number_in(*life, max_lifetime)) return now + seconds(*number);
  }
  return end == reply.end() ? std::nullopt : time_in(*end);
}

}  // namespace

Result<EntraReply> parse_entra_reply(std::string_view body, sys_seconds now) {
  const json reply = json::parse(body, nullptr, false);
  if (!reply.is_object()) return bad_reply("the answer is not a JSON object");
  const auto token = reply.find("access_token");
  if (token == reply.end() || !token->is_string() || token->get_ref<const std::string&>().empty())
    return bad_reply("the answer has no \"access_token\"");
  const auto end = end_in(reply, now);
  if (!end) return bad_reply("neither \"expires_in\" nor \"expires_on\" is sensible");
  EntraReply out{.access_token = Secret(token->get<std::string>()), .expires = *end};
  if (const auto hint = reply.find("refresh_in"); hint != reply.end()) {
    if (const auto number = number_in(*hint, longest_lifetime.count()))
      out.refresh_in = seconds(*number);
  }
  return out;
}

Token as_token(EntraReply reply, sys_seconds now) {
  return {.value = std::move(reply.access_token),
          .lifetime = std::clamp(reply.expires - now, seconds(0), longest_lifetime),
          .refresh_in = reply.refresh_in};
}

Result<Token> parse_entra_token(std::string_view body, sys_seconds now) {
  auto reply = parse_entra_reply(body, now);
  if (!reply) return std::move(reply).error();
  return as_token(*std::move(reply), now);
}

}  // namespace ek

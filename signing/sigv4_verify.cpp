// The server's side of sigv4.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "signing/credentials_error.hpp"
#include "signing/sigv4.hpp"

namespace ek {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// The value of `Name=value` among comma-separated parts.
std::optional<std::string_view> part(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const std::string_view trimmed = trim(item);
    if (trimmed.starts_with(name) && trimmed.substr(name.size()).starts_with('='))
      return trimmed.substr(name.size() + 1);
  }
  return std::nullopt;
}

const Header* find(std::span<const Header> headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const Header& h) { return iequals(h.name, name); });
  return found == headers.end() ? nullptr : &*found;
}

std::optional<int> number(std::string_view digits) {
  int value = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// "20261125T120000Z"
std::optional<std::chrono::sys_seconds> parse_time(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  constexpr std::array<std::pair<std::size_t, std::size_t>, 6> places = {
      {{0, 4}, {4, 2}, {6, 2}, {9, 2}, {11, 2}, {13, 2}}};
  std::array<int, 6> values{};
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto value = number(text.substr(places[i].first, places[i].second));
    if (!value || *value < 0) return std::nullopt;
    values[i] = *value;
  }
  const std::chrono::year_month_day date{std::chrono::year{values[0]},
                                         std::chrono::month{static_cast<unsigned>(values[1])},
                                         std::chrono::day{static_cast<unsigned>(values[2])}};
  if (!date.ok() || values[3] > 23 || values[4] > 59 || values[5] > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(values[3]) +
         std::chrono::minutes(values[4]) + std::chrono::seconds(values[5]);
}

// The headers that were signed, in the order of their names in the list.
Result<std::vector<Header>> signed_headers(std::span<const Header> received,
                                           const std::vector<std::string>& names) {
  std::vector<Header> headers;
  for (const std::string& name : names) {
    if (find(received, name) == nullptr) {
      return credentials_error(
          fmt::format("the signed header \"{}\" is missing", clip(printable(name), 80)));
    }
    for (const Header& header : received) {
      if (iequals(header.name, name)) headers.push_back(header);
    }
  }
  if (find(headers, "host") == nullptr) {
    return credentials_error("expected \"host\" among the signed headers");
  }
  return headers;
}

}  // namespace

Result<SigV4Authorization> parse_sigv4_authorization(std::string_view header) {
  constexpr std::string_view algorithm = "AWS4-HMAC-SHA256 ";
  if (!header.starts_with(algorithm)) {
    return credentials_error("expected an Authorization header that begins with AWS4-HMAC-SHA256");
  }
  header.remove_prefix(algorithm.size());
  const auto credential = part(header, "Credential");
  const auto names = part(header, "SignedHeaders");
  const auto signature = part(header, "Signature");
  if (!credential || !names || !signature) {
    return credentials_error(
        fmt::format("the Authorization header has no {}", !credential ? "Credential"
                                                          : !names    ? "SignedHeaders"
                                                                      : "Signature"));
  }
  const std::vector<std::string> scope = split(*credential, '/');
  if (scope.size() != 5 || scope[4] != "aws4_request") {
    return credentials_error(
        "expected Credential=KEY/DATE/REGION/SERVICE/aws4_request in the Authorization header");
  }
  return SigV4Authorization{.access_key_id = scope[0],
                            .date = scope[1],
                            .region = scope[2],
                            .service = scope[3],
                            .signed_headers = split(*names, ';'),
                            .signature = std::string(*signature)};
}

Result<SigV4Trace> recompute_sigv4(Sha256& sha, const SigV4Request& received,
                                   const SigV4Authorization& authorization,
                                   const Secret& secret_access_key, const SigV4Options& options) {
  const Header* date = find(received.headers, "x-amz-date");
  const auto time = date == nullptr ? std::nullopt : parse_time(date->value);
  if (!time) return credentials_error("expected an X-Amz-Date like 20261125T120000Z");
  if (!date->value.starts_with(authorization.date)) {
    return credentials_error(fmt::format("X-Amz-Date is {}, but the credential is for {}",
                                         printable(date->value), printable(authorization.date)));
  }
  const Header* hash = find(received.headers, "x-amz-content-sha256");
  if (hash != nullptr && received.payload_hash.empty() && from_hex(hash->value) &&
      hash->value != to_hex(view(sha.hash(received.body)))) {
    return credentials_error("X-Amz-Content-Sha256 is not the hash of the body that came");
  }
  auto headers = signed_headers(received.headers, authorization.signed_headers);
  if (!headers) return std::move(headers).error();
  SigV4Request request = received;
  request.headers = *headers;
  SigV4Options all = options;
  all.signs = [](std::string_view) noexcept { return true; };
  // It counts also where it was sent and not signed.
  if (hash != nullptr && request.payload_hash.empty()) request.payload_hash = hash->value;
  SigV4Context context{.access_key_id = authorization.access_key_id,
                       .region = authorization.region,
                       .service = authorization.service,
                       .time = *time,
                       .key = derive_sigv4_key(sha, secret_access_key, *time, authorization.region,
                                               authorization.service)};
  const Header* token = find(*headers, "x-amz-security-token");
  if (token != nullptr) context.session_token = token->value;
  return sign_sigv4(sha, request, context, all);
}

}  // namespace ek

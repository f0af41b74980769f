#include "signing/sigv4.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/sigv4_canonical.hpp"

namespace ek {

using namespace sigv4;

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view terminator = "aws4_request";

bool starts_with_ignoring_case(std::string_view text, std::string_view start) noexcept {
  return iequals(text.substr(0, start.size()), start);
}

Scheme scheme_of(const SigV4Context& context) {
  std::string time = sigv4_time(context.time);
  std::string scope;
  scope.reserve(64);
  ((scope += std::string_view(time).substr(0, 8)) += '/') += context.region;
  (((scope += '/') += context.service) += '/') += terminator;
  return {.algorithm = algorithm,
          .access_key_id = context.access_key_id,
          .session_token = context.session_token,
          .region_set = {},
          .time = std::move(time),
          .credential_scope = std::move(scope)};
}

void put_signature(Sha256& sha, const SigV4Context& context, SigV4Trace& trace) {
  trace.signature = to_hex(view(sha.hmac(view(context.key), trace.string_to_sign)));
}

}  // namespace

bool is_demanded_header(std::string_view name) noexcept {
  if (iequals(name, "host") || iequals(name, "content-type")) return true;
  if (iequals(name, "x-amzn-trace-id")) return false;
  return starts_with_ignoring_case(name, "x-amz-") || starts_with_ignoring_case(name, "x-amzn-");
}

bool is_stable_header(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 16> changing = {
      "authorization", "cache-control",   "connection",        "expect",   "from",    "keep-alive",
      "max-forwards",  "pragma",          "referer",           "te",       "trailer", "upgrade",
      "user-agent",    "x-amzn-trace-id", "transfer-encoding", "forwarded"};
  if (starts_with_ignoring_case(name, "proxy-") || starts_with_ignoring_case(name, "sec-"))
    return false;
  return std::none_of(changing.begin(), changing.end(),
                      [&](std::string_view other) { return iequals(name, other); });
}

std::string sigv4_time(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string out = "00000000T000000Z";
  const auto put = [&](std::size_t at, std::size_t digits, unsigned value) {
    for (std::size_t i = digits; i-- > 0; value /= 10) {
      out[at + i] = static_cast<char>('0' + value % 10);
    }
  };
  put(0, 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put(4, 2, static_cast<unsigned>(date.month()));
  put(6, 2, static_cast<unsigned>(date.day()));
  put(9, 2, static_cast<unsigned>(clock.hours().count()));
  put(11, 2, static_cast<unsigned>(clock.minutes().count()));
  put(13, 2, static_cast<unsigned>(clock.seconds().count()));
  return out;
}

Result<SigV4Request> sigv4_request(const HttpRequest& request) {
  std::string_view url = request.url;
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) {
    return Error{.code = ErrorCode::invalid_request,
                 .phase = Phase::request,
                 .message = fmt::format("expected an absolute URL to sign, got \"{}\"",
                                        clip(printable(url.substr(0, url.find('?'))), 200))};
  }
  const bool tls = iequals(url.substr(0, scheme_end), "https");
  url = url.substr(0, url.find('#'));
  url.remove_prefix(scheme_end + 3);
  const auto query_start = std::min(url.find('?'), url.size());
  const auto path_start = std::min(url.find('/'), query_start);
  std::string_view authority = url.substr(0, path_start);
  // HTTP clients leave the scheme's own port out of Host (RFC 9110 §4.2.3).
  const std::string_view own_port = tls ? ":443" : ":80";
  if (authority.ends_with(own_port)) authority.remove_suffix(own_port.size());
  SigV4Request out{.method = request.method,
                   .authority = authority,
                   .path = url.substr(path_start, query_start - path_start),
                   .headers = request.headers,
                   .body = request.body};
  if (query_start < url.size()) out.query = url.substr(query_start + 1);
  return out;
}

SigV4Key derive_sigv4_key(Sha256& sha, const Secret& secret_access_key,
                          std::chrono::sys_seconds time, std::string_view region,
                          std::string_view service) {
  const Secret start("AWS4" + secret_access_key.reveal());
  const SigV4Key day = sha.hmac(start.reveal(), sigv4_time(time).substr(0, 8));
  const SigV4Key in_region = sha.hmac(view(day), region);
  const SigV4Key for_service = sha.hmac(view(in_region), service);
  return sha.hmac(view(for_service), terminator);
}

SigV4Context make_sigv4_context(Sha256& sha, const AwsKeys& keys, std::string_view region,
                                std::string_view service, std::chrono::sys_seconds time) {
  return {.access_key_id = keys.access_key_id,
          .session_token = keys.session_token.reveal(),
          .region = region,
          .service = service,
          .time = time,
          .key = derive_sigv4_key(sha, keys.secret_access_key, time, region, service)};
}

SigV4Trace sign_sigv4(Sha256& sha, const SigV4Request& request, const SigV4Context& context,
                      const SigV4Options& options) {
  const Scheme scheme = scheme_of(context);
  SigV4Trace trace = begin_headers(sha, request, scheme, options);
  put_signature(sha, context, trace);
  end_headers(request, scheme, options, trace);
  return trace;
}

Result<SigV4Trace> presign_sigv4(Sha256& sha, const SigV4Request& request,
                                 const SigV4Context& context, std::chrono::seconds lifetime,
                                 const SigV4Options& options) {
  const Scheme scheme = scheme_of(context);
  auto trace = begin_query(sha, request, scheme, lifetime, options);
  if (!trace) return trace;
  put_signature(sha, context, *trace);
  end_query(scheme, *trace);
  return trace;
}

}  // namespace ek

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

std::string credential_scope(const SigV4Context& context, std::string_view time) {
  std::string scope;
  scope.reserve(64);
  ((scope += time.substr(0, 8)) += '/') += context.region;
  ((scope += '/') += context.service) += '/';
  return scope += terminator;
}

// The rest of the way, once it is known what is signed.
void finish(Sha256& sha, const SigV4Context& context, std::string_view time, SigV4Trace& trace) {
  trace.string_to_sign = string_to_sign(sha, algorithm, time, trace);
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
  const auto path_start = std::min(url.find_first_of("/?"), url.size());
  const auto query_start = std::min(url.find('?', path_start), url.size());
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
  const std::string time = sigv4_time(context.time);
  SigV4Trace trace;
  trace.payload_hash = payload_hash(sha, request);
  const bool add_hash = options.content_hash_header && !has_header(request, "x-amz-content-sha256");
  std::vector<Field> fields = fields_to_sign(request, options);
  insert(fields, {"x-amz-date", time});
  if (!context.session_token.empty() && !options.omit_session_token)
    insert(fields, {"x-amz-security-token", context.session_token});
  if (add_hash) insert(fields, {"x-amz-content-sha256", trace.payload_hash});
  trace.signed_headers = names_of(fields);
  trace.credential_scope = credential_scope(context, time);
  trace.canonical_request = canonical_request(request, fields, trace, options, request.query);
  finish(sha, context, time, trace);
  trace.headers.reserve(4);
  if (!context.session_token.empty())
    trace.headers.push_back({"x-amz-security-token", std::string(context.session_token), true});
  trace.headers.push_back({"x-amz-date", time, false});
  if (add_hash) trace.headers.push_back({"x-amz-content-sha256", trace.payload_hash, false});
  trace.headers.push_back(
      {"authorization", authorization(algorithm, context.access_key_id, trace), true});
  return trace;
}

Result<SigV4Trace> presign_sigv4(Sha256& sha, const SigV4Request& request,
                                 const SigV4Context& context, std::chrono::seconds lifetime,
                                 const SigV4Options& options) {
  if (auto good = check_lifetime(lifetime); !good) return std::move(good).error();
  const std::string time = sigv4_time(context.time);
  SigV4Trace trace;
  trace.payload_hash = payload_hash(sha, request);
  const std::vector<Field> fields = fields_to_sign(request, options);
  trace.signed_headers = names_of(fields);
  trace.credential_scope = credential_scope(context, time);
  trace.query = fmt::format(
      "{}{}X-Amz-Algorithm={}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-SignedHeaders={}"
      "&X-Amz-Expires={}",
      request.query, request.query.empty() ? "" : "&", algorithm,
      percent_encode(fmt::format("{}/{}", context.access_key_id, trace.credential_scope)), time,
      percent_encode(trace.signed_headers), lifetime.count());
  const std::string token = context.session_token.empty()
                                ? ""
                                : "&X-Amz-Security-Token=" + percent_encode(context.session_token);
  const std::string signed_query = options.omit_session_token ? trace.query : trace.query + token;
  trace.canonical_request = canonical_request(request, fields, trace, options, signed_query);
  finish(sha, context, time, trace);
  trace.query += token + "&X-Amz-Signature=" + trace.signature;
  return trace;
}

}  // namespace ek

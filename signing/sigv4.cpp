#include "signing/sigv4.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view terminator = "aws4_request";
constexpr std::chrono::seconds max_lifetime = std::chrono::hours(7 * 24);

struct Field {
  std::string_view name;
  std::string_view value;
};
using Parameters = std::vector<std::pair<std::string, std::string>>;

bool less_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return to_lower(x) < to_lower(y); });
}

bool starts_with_ignoring_case(std::string_view text, std::string_view start) noexcept {
  return iequals(text.substr(0, start.size()), start);
}

bool is_replaced(std::string_view name) noexcept {
  return iequals(name, "authorization") || iequals(name, "x-amz-date") ||
         iequals(name, "x-amz-security-token");
}

// Keeps the order of appearance among equal names.
void insert(std::vector<Field>& fields, Field field) {
  const auto after = std::upper_bound(
      fields.begin(), fields.end(), field,
      [](const Field& a, const Field& b) { return less_ignoring_case(a.name, b.name); });
  fields.insert(after, field);
}

std::vector<Field> fields_to_sign(const SigV4Request& request, const SigV4Options& options) {
  std::vector<Field> fields;
  fields.reserve(request.headers.size() + 4);
  bool has_host = false;
  for (const Header& header : request.headers) {
    if (is_replaced(header.name) || !options.signs(header.name)) continue;
    has_host |= iequals(header.name, "host");
    insert(fields, {header.name, header.value});
  }
  if (!has_host) insert(fields, {"host", request.authority});
  return fields;
}

// Trims, and folds each run of blanks and line breaks into one space.
void append_value(std::string& out, std::string_view value) {
  bool gap = false;
  for (const char c : trim(value)) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      gap = true;
      continue;
    }
    if (std::exchange(gap, false)) out += ' ';
    out += c;
  }
}

void append_lower(std::string& out, std::string_view name) {
  for (const char c : name) out += to_lower(c);
}

void append_headers(std::string& out, const std::vector<Field>& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const bool repeated = i > 0 && iequals(fields[i].name, fields[i - 1].name);
    if (repeated) {
      out.back() = ',';
    } else {
      append_lower(out, fields[i].name);
      out += ':';
    }
    append_value(out, fields[i].value);
    out += '\n';
  }
}

std::string names_of(const std::vector<Field>& fields) {
  std::string names;
  names.reserve(fields.size() * 16);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0 && iequals(fields[i].name, fields[i - 1].name)) continue;
    if (i > 0) names += ';';
    append_lower(names, fields[i].name);
  }
  return names;
}

// RFC 3986 §5.2.4 plus the removal of empty segments.
std::string normalize(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool ends_in_slash = path.ends_with('/');
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), segment.size() + 1));
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      kept.push_back(segment);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string out;
  for (const std::string_view segment : kept) (out += '/') += segment;
  if (ends_in_slash || out.empty()) out += '/';
  return out;
}

bool is_normal(std::string_view path) noexcept {
  return path.starts_with('/') && path.find("//") == std::string_view::npos &&
         path.find("/.") == std::string_view::npos;
}

void append_path(std::string& out, std::string_view path, const SigV4Options& options) {
  std::string normal;
  if (path.empty() || (options.normalize_path && !is_normal(path))) {
    normal = normalize(path);
    path = normal;
  }
  if (options.encode_path) {
    out += percent_encode(path, "/");
  } else {
    out += path;
  }
}

Parameters parameters_of(std::string_view query) {
  Parameters out;
  while (!query.empty()) {
    const std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), item.size() + 1));
    if (item.empty()) continue;
    const auto equals = item.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1);
    out.emplace_back(percent_encode(percent_decode(item.substr(0, equals))),
                     percent_encode(percent_decode(value)));
  }
  return out;
}

// Sorts pairs, not "name=value" texts: '=' stands behind '-' and the digits.
void append_query(std::string& out, std::string_view query) {
  if (query.empty()) return;
  Parameters parameters = parameters_of(query);
  std::sort(parameters.begin(), parameters.end());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (i > 0) out += '&';
    ((out += parameters[i].first) += '=') += parameters[i].second;
  }
}

std::string credential_scope(const SigV4Context& context, std::string_view time) {
  std::string scope;
  scope.reserve(64);
  ((scope += time.substr(0, 8)) += '/') += context.region;
  ((scope += '/') += context.service) += '/';
  return scope += terminator;
}

std::string canonical_request(const SigV4Request& request, const std::vector<Field>& fields,
                              const SigV4Trace& trace, const SigV4Options& options,
                              std::string_view query) {
  std::string out;
  std::size_t size = request.path.size() * 2 + query.size() * 2 + 256;
  for (const Field& field : fields) size += 2 * field.name.size() + field.value.size() + 4;
  out.reserve(size);
  (out += request.method) += '\n';
  append_path(out, request.path, options);
  out += '\n';
  append_query(out, query);
  out += '\n';
  append_headers(out, fields);
  ((out += '\n') += trace.signed_headers) += '\n';
  return out += trace.payload_hash;
}

// The rest of the way, once it is known what is signed.
void finish(Sha256& sha, const SigV4Context& context, std::string_view time, SigV4Trace& trace) {
  std::string& text = trace.string_to_sign;
  text.reserve(160);
  (text += algorithm) += '\n';
  (text += time) += '\n';
  (text += trace.credential_scope) += '\n';
  text += to_hex(view(sha.hash(trace.canonical_request)));
  trace.signature = to_hex(view(sha.hmac(view(context.key), text)));
}

std::string payload_hash(Sha256& sha, const SigV4Request& request) {
  if (!request.payload_hash.empty()) return std::string(request.payload_hash);
  for (const Header& header : request.headers) {
    if (iequals(header.name, "x-amz-content-sha256")) return header.value;
  }
  return to_hex(view(sha.hash(request.body)));
}

bool has_header(const SigV4Request& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const Header& header) { return iequals(header.name, name); });
}

std::string authorization(const SigV4Context& context, const SigV4Trace& trace) {
  std::string out;
  out.reserve(280);
  ((out += algorithm) += " Credential=") += context.access_key_id;
  ((out += '/') += trace.credential_scope) += ", SignedHeaders=";
  ((out += trace.signed_headers) += ", Signature=") += trace.signature;
  return out;
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
  trace.headers.push_back({"authorization", authorization(context, trace), true});
  return trace;
}

Result<SigV4Trace> presign_sigv4(Sha256& sha, const SigV4Request& request,
                                 const SigV4Context& context, std::chrono::seconds lifetime,
                                 const SigV4Options& options) {
  if (lifetime < std::chrono::seconds(1) || lifetime > max_lifetime) {
    return Error{.code = ErrorCode::invalid_request,
                 .phase = Phase::request,
                 .message = fmt::format("a presigned request lives 1 s to {} s, not {} s",
                                        max_lifetime.count(), lifetime.count())};
  }
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

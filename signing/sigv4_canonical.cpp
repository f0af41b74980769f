#include "signing/sigv4_canonical.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "base/uri.hpp"

namespace ek::sigv4 {
namespace {

constexpr std::chrono::seconds max_lifetime = std::chrono::hours(7 * 24);

using Parameters = std::vector<std::pair<std::string, std::string>>;

bool less_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return to_lower(x) < to_lower(y); });
}

bool is_replaced(std::string_view name) noexcept {
  return iequals(name, "authorization") || iequals(name, "x-amz-date") ||
         iequals(name, "x-amz-security-token");
}

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Trims, and folds each run of blanks and line breaks into one space.
void append_value(std::string& out, std::string_view value) {
  value = trim(value);
  for (auto word = value.begin(); word != value.end();) {
    const auto end = std::find_if(word, value.end(), is_blank);
    out.append(word, end);
    if (end != value.end()) out += ' ';
    word = std::find_if_not(end, value.end(), is_blank);
  }
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
    append_percent_encoded(out, path, "/");
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

bool has_header(const SigV4Request& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const Header& header) { return iequals(header.name, name); });
}

std::string string_to_sign(Sha256& sha, const Scheme& scheme, const SigV4Trace& trace) {
  std::string text;
  text.reserve(160);
  (text += scheme.algorithm) += '\n';
  (text += scheme.time) += '\n';
  (text += trace.credential_scope) += '\n';
  append_hex(text, view(sha.hash(trace.canonical_request)));
  return text;
}

std::string authorization(const Scheme& scheme, const SigV4Trace& trace) {
  std::string out;
  out.reserve(280);
  ((out += scheme.algorithm) += " Credential=") += scheme.access_key_id;
  ((out += '/') += trace.credential_scope) += ", SignedHeaders=";
  ((out += trace.signed_headers) += ", Signature=") += trace.signature;
  return out;
}

Result<void> check_lifetime(std::chrono::seconds lifetime) {
  if (lifetime >= std::chrono::seconds(1) && lifetime <= max_lifetime) return {};
  return Error{.code = ErrorCode::invalid_request,
               .phase = Phase::request,
               .message = fmt::format("a presigned request lives 1 s to {} s, not {} s",
                                      max_lifetime.count(), lifetime.count())};
}

bool adds_hash(const SigV4Request& request, const SigV4Options& options) {
  return options.content_hash_header && !has_header(request, "x-amz-content-sha256");
}

std::string token_parameter(const Scheme& scheme) {
  if (scheme.session_token.empty()) return {};
  return "&X-Amz-Security-Token=" + percent_encode(scheme.session_token);
}

}  // namespace

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

void insert(std::vector<Field>& fields, Field field) {
  const auto after = std::upper_bound(
      fields.begin(), fields.end(), field,
      [](const Field& a, const Field& b) { return less_ignoring_case(a.name, b.name); });
  fields.insert(after, field);
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

std::string payload_hash(Sha256& sha, const SigV4Request& request) {
  if (!request.payload_hash.empty()) return std::string(request.payload_hash);
  for (const Header& header : request.headers) {
    if (iequals(header.name, "x-amz-content-sha256")) return header.value;
  }
  return to_hex(view(sha.hash(request.body)));
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
  out += trace.payload_hash;
  return out;
}

SigV4Trace begin_headers(Sha256& sha, const SigV4Request& request, const Scheme& scheme,
                         const SigV4Options& options) {
  SigV4Trace trace;
  trace.payload_hash = payload_hash(sha, request);
  std::vector<Field> fields = fields_to_sign(request, options);
  insert(fields, {"x-amz-date", scheme.time});
  if (!scheme.region_set.empty()) insert(fields, {"x-amz-region-set", scheme.region_set});
  if (!scheme.session_token.empty() && !options.omit_session_token)
    insert(fields, {"x-amz-security-token", scheme.session_token});
  if (adds_hash(request, options)) insert(fields, {"x-amz-content-sha256", trace.payload_hash});
  trace.signed_headers = names_of(fields);
  trace.credential_scope = scheme.credential_scope;
  trace.canonical_request = canonical_request(request, fields, trace, options, request.query);
  trace.string_to_sign = string_to_sign(sha, scheme, trace);
  return trace;
}

void end_headers(const SigV4Request& request, const Scheme& scheme, const SigV4Options& options,
                 SigV4Trace& trace) {
  std::vector<Header>& headers = trace.headers;
  headers.reserve(5);
  if (!scheme.session_token.empty())
    headers.push_back({"x-amz-security-token", std::string(scheme.session_token), true});
  headers.push_back({"x-amz-date", scheme.time, false});
  if (!scheme.region_set.empty())
    headers.push_back({"x-amz-region-set", std::string(scheme.region_set), false});
  if (adds_hash(request, options))
    headers.push_back({"x-amz-content-sha256", trace.payload_hash, false});
  headers.push_back({"authorization", authorization(scheme, trace), true});
}

Result<SigV4Trace> begin_query(Sha256& sha, const SigV4Request& request, const Scheme& scheme,
                               std::chrono::seconds lifetime, const SigV4Options& options) {
  if (auto good = check_lifetime(lifetime); !good) return std::move(good).error();
  SigV4Trace trace;
  trace.payload_hash = payload_hash(sha, request);
  const std::vector<Field> fields = fields_to_sign(request, options);
  trace.signed_headers = names_of(fields);
  trace.credential_scope = scheme.credential_scope;
  trace.query = fmt::format(
      "{}{}X-Amz-Algorithm={}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-SignedHeaders={}"
      "&X-Amz-Expires={}",
      request.query, request.query.empty() ? "" : "&", scheme.algorithm,
      percent_encode(fmt::format("{}/{}", scheme.access_key_id, scheme.credential_scope)),
      scheme.time, percent_encode(trace.signed_headers), lifetime.count());
  if (!scheme.region_set.empty())
    trace.query += "&X-Amz-Region-Set=" + percent_encode(scheme.region_set);
  const std::string signed_query =
      options.omit_session_token ? trace.query : trace.query + token_parameter(scheme);
  trace.canonical_request = canonical_request(request, fields, trace, options, signed_query);
  trace.string_to_sign = string_to_sign(sha, scheme, trace);
  return trace;
}

void end_query(const Scheme& scheme, SigV4Trace& trace) {
  trace.query += token_parameter(scheme) + "&X-Amz-Signature=" + trace.signature;
}

}  // namespace ek::sigv4

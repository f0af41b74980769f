#include "tools/cli/sign.hpp"

#include <fmt/format.h>

#include <istream>
#include <ostream>
#include <sstream>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "endpointkit/ext/environment.hpp"
#include "signing/sigv4.hpp"
#include "tools/cli/invoke.hpp"

namespace ek::cli {
namespace {

Error user_mistake(std::string message) {
  return {
      .code = ErrorCode::invalid_request, .phase = Phase::request, .message = std::move(message)};
}

struct RawRequest {
  std::string method{}, path{}, query{}, body{};
  std::vector<Header> headers{};
};

// One line without its end; lines may end with LF or CRLF.
std::string take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return std::string(line);
}

// A raw HTTP/1.1 request (RFC 9112): request line, headers, an empty line, the body.
Result<RawRequest> parse_request(std::string_view text) {
  const std::string first = take_line(text);
  const auto space = first.find(' ');
  const auto last = first.rfind(' ');
  if (space == std::string::npos || space == last ||
      !std::string_view(first).substr(last + 1).starts_with("HTTP/")) {
    return user_mistake(fmt::format("the first line is \"{}\"; expected \"METHOD /path HTTP/1.1\"",
                                    clip(printable(first), 100)));
  }
  RawRequest request{.method = first.substr(0, space),
                     .path = first.substr(space + 1, last - space - 1)};
  if (const auto question = request.path.find('?'); question != std::string::npos) {
    request.query = request.path.substr(question + 1);
    request.path.resize(question);
  }
  while (!text.empty()) {
    const std::string line = take_line(text);
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon == std::string::npos || colon == 0) {
      return user_mistake(fmt::format("\"{}\" is no header line; expected \"Name: value\"",
                                      clip(printable(line), 100)));
    }
    request.headers.push_back(
        {line.substr(0, colon), std::string(trim(std::string_view(line).substr(colon + 1)))});
  }
  request.body = std::string(text);
  return request;
}

Result<std::chrono::sys_seconds> parse_time(const std::string& text,
                                            const Environment& environment) {
  if (text.empty()) return std::chrono::floor<std::chrono::seconds>(environment.now());
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::istringstream in(text);
  const auto number = [&](int digits, int& out) {
    std::string part(static_cast<std::size_t>(digits), '\0');
    in.read(part.data(), digits);
    out = part.find_first_not_of("0123456789") == std::string::npos ? std::stoi(part) : -1;
  };
  number(4, year), number(2, month), number(2, day);
  const bool has_t = in.get() == 'T';
  number(2, hour), number(2, minute), number(2, second);
  const auto date = std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month)) /
                    std::chrono::day(static_cast<unsigned>(day));
  if (!in || text.size() != 16 || !has_t || text.back() != 'Z' || !date.ok() || hour < 0 ||
      hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return user_mistake(
        fmt::format("--time is \"{}\"; expected YYYYMMDDTHHMMSSZ", printable(text)));
  }
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

Result<AwsKeys> keys_from(const Environment& environment) {
  AwsKeys keys{
      .access_key_id = environment.variable("AWS_ACCESS_KEY_ID").value_or(""),
      .secret_access_key = Secret(environment.variable("AWS_SECRET_ACCESS_KEY").value_or("")),
      .session_token = Secret(environment.variable("AWS_SESSION_TOKEN").value_or(""))};
  if (keys.access_key_id.empty() || keys.secret_access_key.empty()) {
    return user_mistake(
        "expected keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, found none: export both");
  }
  return keys;
}

struct Region {
  std::string name{};
  std::string_view origin{};
};

Region region_from(const SignArguments& arguments, const Environment& environment) {
  if (!arguments.region.empty()) return {arguments.region, "--region"};
  for (const std::string_view variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    const std::string value = environment.variable(std::string(variable)).value_or("");
    if (!value.empty()) return {value, variable};
  }
  return {};
}

std::string masked(std::string text, const std::string& secret) {
  if (secret.empty()) return text;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) {
    text.replace(at, secret.size(), "***");
  }
  return text;
}

// The session token is a secret and stands in several places; the signature is none: it proves one
// request for five minutes.
void show(const SigV4Trace& trace, const Secret& session_token, std::ostream& out) {
  const auto mask = [&](const std::string& text) {
    return masked(masked(text, session_token.reveal()), percent_encode(session_token.reveal()));
  };
  out << "canonical request:\n"
      << mask(trace.canonical_request) << "\n\nstring to sign:\n"
      << trace.string_to_sign << "\n\n";
  if (!trace.query.empty()) out << "query:\n" << mask(trace.query) << '\n';
  if (!trace.headers.empty()) out << "headers:\n";
  for (const Header& header : trace.headers)
    out << header.name << ": " << mask(header.value) << '\n';
}

// Where each part of the signature comes from.
void explain(const SignArguments& arguments, const RawRequest& raw, const AwsKeys& keys,
             const SigV4Trace& trace, const Environment& environment, std::ostream& out) {
  const Region region = region_from(arguments, environment);
  std::string left_out;
  for (const Header& header : raw.headers) {
    if (is_demanded_header(header.name)) continue;
    left_out += (left_out.empty() ? "" : ", ") + printable(header.name);
  }
  out << "explanation:\n"
      << fmt::format(
             "  key          {} from AWS_ACCESS_KEY_ID, its secret from "
             "AWS_SECRET_ACCESS_KEY\n",
             shorten(keys.access_key_id))
      << fmt::format("  token        {}\n", keys.session_token.reveal().empty()
                                                ? "none in AWS_SESSION_TOKEN: keys of a user"
                                                : "from AWS_SESSION_TOKEN: temporary keys")
      << fmt::format("  region       {} from {}\n", region.name, region.origin)
      << fmt::format("  valid for    {}, for that day, region and service alone\n",
                     trace.credential_scope)
      << "  path         encoded once more than it is sent; query sorted by name and value\n"
      << fmt::format("  signed       {}\n", trace.signed_headers)
      << fmt::format("  not signed   {}: AWS does not demand it, and proxies may change it\n",
                     left_out.empty() ? "nothing that was given" : left_out)
      << fmt::format("  body         {} bytes, whose SHA-256 ends the canonical request\n\n",
                     raw.body.size());
}

Result<SigV4Trace> trace_of(const SignArguments& arguments, const RawRequest& raw,
                            const AwsKeys& keys, const Environment& environment) {
  auto time = parse_time(arguments.time, environment);
  if (!time) return time.error();
  const std::string region = region_from(arguments, environment).name;
  if (region.empty())
    return user_mistake(
        "expected a region in --region, AWS_REGION or AWS_DEFAULT_REGION, found none");
  const std::string host(HttpHead{.headers = raw.headers}.header("host"));
  if (host.empty())
    return user_mistake("the request has no Host header; it is a part of what is signed");
  Sha256 sha;
  const SigV4Context context = make_sigv4_context(sha, keys, region, arguments.service, *time);
  const SigV4Request request{.method = raw.method,
                             .authority = host,
                             .path = raw.path,
                             .query = raw.query,
                             .headers = raw.headers,
                             .body = raw.body};
  if (arguments.expires_seconds > 0) {
    return presign_sigv4(sha, request, context, std::chrono::seconds(arguments.expires_seconds));
  }
  return sign_sigv4(sha, request, context);
}

}  // namespace

ExitCode sign_command(const SignArguments& arguments, std::istream& in, std::ostream& out,
                      std::ostream& err) {
  auto text = read_argument("@" + arguments.file, in);
  if (!text) return report(text.error(), false, err);
  const auto raw = parse_request(*text);
  if (!raw) return report(raw.error(), false, err);
  const Environment environment = system_environment();
  const auto keys = keys_from(environment);
  if (!keys) return report(keys.error(), false, err);
  const auto trace = trace_of(arguments, *raw, *keys, environment);
  if (!trace) return report(trace.error(), false, err);
  if (arguments.explain) explain(arguments, *raw, *keys, *trace, environment, out);
  show(*trace, keys->session_token, out);
  return success;
}

}  // namespace ek::cli

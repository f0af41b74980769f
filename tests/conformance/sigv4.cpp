// AWS's own signing test suite, and requests to the services that this library calls.
#include "signing/sigv4.hpp"

#include <fmt/format.h>

#include <set>
#include <sstream>
#include <stdexcept>

#include "base/text.hpp"
#include "conformance/suite.hpp"
#include "signing/sigv4a.hpp"

namespace ek::conformance {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct RawRequest {
  std::string method, path, query, body;
  std::vector<Header> headers;
};

// The suite's requests are not encoded: the path may hold spaces and UTF-8.
RawRequest parse_raw(const std::string& text) {
  std::istringstream in(text);
  std::string line;
  std::getline(in, line);
  RawRequest out;
  const auto method_end = line.find(' ');
  out.method = line.substr(0, method_end);
  std::string target = line.substr(method_end + 1, line.rfind(' ') - method_end - 1);
  const auto question = target.find('?');
  out.path = target.substr(0, question);
  if (question != std::string::npos) out.query = target.substr(question + 1);
  while (std::getline(in, line) && !line.empty()) {
    if (line.front() == ' ' || line.front() == '\t') {
      out.headers.back().value += '\n' + line;
      continue;
    }
    const auto colon = line.find(':');
    out.headers.push_back({line.substr(0, colon), line.substr(colon + 1)});
  }
  std::ostringstream rest;
  rest << in.rdbuf();
  out.body = rest.str();
  return out;
}

std::chrono::sys_seconds parse_iso_time(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%dZ", &year, &month, &day, &hour, &minute,
                  &second) != 6) {
    throw std::runtime_error("no time: " + text);
  }
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

// Collects what differs in one case.
class Comparison {
 public:
  void equal(std::string_view what, std::string_view expected, std::string_view actual) {
    // A last line feed may be missing in the suite's files.
    while (expected.ends_with('\n')) expected.remove_suffix(1);
    while (actual.ends_with('\n')) actual.remove_suffix(1);
    if (expected != actual)
      difference_ += fmt::format("{}: expected <{}>, got <{}>; ", what, expected, actual);
  }
  void tell(Report& report, const std::string& name) const { report.tell(name, difference_); }

 private:
  std::string difference_;
};

// Header names are compared in lower case: they have none that matters (RFC 9110 §5.1).
std::string shown(std::string_view target, const RawRequest& request,
                  const std::vector<Header>& added) {
  std::string out = fmt::format("{} {} HTTP/1.1\n", request.method, target);
  for (const auto* headers : {&request.headers, &added}) {
    for (const Header& header : *headers) {
      out += fmt::format("{}:{}\n", to_lower(header.name), header.value);
    }
  }
  return out + '\n' + request.body;
}

std::string with_lower_names(const std::string& text) {
  std::istringstream in(text);
  std::string out, line;
  std::getline(in, line);
  out = line + '\n';
  bool in_headers = true;
  while (std::getline(in, line)) {
    in_headers = in_headers && !line.empty();
    const auto colon = in_headers ? line.find(':') : 0;
    if (colon != std::string::npos) line = to_lower(line.substr(0, colon)) + line.substr(colon);
    out += line + '\n';
  }
  return out;
}

struct SuiteCase {
  explicit SuiteCase(fs::path where)
      : folder(std::move(where)),
        context(read_json(folder / "context.json")),
        raw(parse_raw(read_file(folder / "request.txt"))),
        keys{.access_key_id = context["credentials"]["access_key_id"],
             .secret_access_key = Secret(context["credentials"]["secret_access_key"]),
             .session_token = Secret(text_of(context["credentials"], "token"))},
        region(context["region"]),
        service(context["service"]),
        options{.normalize_path = context["normalize"],
                .content_hash_header = context["sign_body"],
                .omit_session_token = context.value("omit_session_token", false),
                .signs = is_stable_header} {}

  [[nodiscard]] SigV4Request request() const {
    return {.method = raw.method,
            .path = raw.path,
            .query = raw.query,
            .headers = raw.headers,
            .body = raw.body};
  }
  [[nodiscard]] SigV4Context signing(Sha256& sha) const {
    return make_sigv4_context(sha, keys, region, service, parse_iso_time(context["timestamp"]));
  }
  void compare(const std::string& form, const SigV4Trace& trace, const std::string& signed_request,
               Report& report) const {
    Comparison with;
    const auto file = [&](const char* name) { return read_file(folder / (form + name)); };
    with.equal("canonical request", file("-canonical-request.txt"), trace.canonical_request);
    with.equal("string to sign", file("-string-to-sign.txt"), trace.string_to_sign);
    with.equal("signature", file("-signature.txt"), trace.signature);
    with.equal("signed request", with_lower_names(file("-signed-request.txt")), signed_request);
    with.tell(report, folder.filename().string() + " by " + form);
  }

  fs::path folder;
  json context;
  RawRequest raw;
  AwsKeys keys;
  std::string region, service;
  SigV4Options options;
};

std::string target(const std::string& path, const std::string& query) {
  return query.empty() ? path : path + '?' + query;
}

void run_suite_case(const fs::path& folder, Report& report) {
  const SuiteCase test(folder);
  Sha256 sha;
  const SigV4Context signing = test.signing(sha);
  const SigV4Trace by_header = sign_sigv4(sha, test.request(), signing, test.options);
  test.compare("header", by_header,
               shown(target(test.raw.path, test.raw.query), test.raw, by_header.headers), report);
  const std::chrono::seconds lifetime(test.context["expiration_in_seconds"].get<int>());
  SigV4Options options = test.options;
  options.content_hash_header = false;
  const auto by_query = presign_sigv4(sha, test.request(), signing, lifetime, options);
  if (!by_query) return report.fail(folder.filename().string(), by_query.error().message);
  test.compare("query", *by_query, shown(target(test.raw.path, by_query->query), test.raw, {}),
               report);
}

void run_v4(const fs::path& folder, Report& report) {
  std::set<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(folder)) cases.insert(entry.path());
  for (const auto& entry : cases) run_suite_case(entry, report);
}

// The suite's signatures were made with other random numbers: ours is verified with its public key.
void compare_v4a(const SuiteCase& test, const std::string& form, const EcPublicKey& key,
                 const Result<SigV4Trace>& trace, Report& report) {
  const std::string name = test.folder.filename().string() + " by " + form;
  if (!trace) return report.fail(name, trace.error().message);
  Comparison with;
  const auto file = [&](const char* part) { return read_file(test.folder / (form + part)); };
  with.equal("canonical request", file("-canonical-request.txt"), trace->canonical_request);
  with.equal("string to sign", file("-string-to-sign.txt"), trace->string_to_sign);
  const auto verifies = [&](const std::string& hex) {
    return key.verify(trace->string_to_sign, from_hex(hex).value_or("")) ? "verifies" : "does not";
  };
  with.equal("our signature", "verifies", verifies(trace->signature));
  with.equal("the suite's signature", "verifies",
             verifies(std::string(trim(file("-signature.txt")))));
  with.tell(report, name);
}

void run_v4a_case(const fs::path& folder, Report& report) {
  const std::string name = folder.filename().string();
  if (!fs::exists(folder / "public-key.json"))
    return report.skip(name, "the suite has a request here, and no answer");
  const SuiteCase test(folder);
  Sha256 sha;
  const json point = read_json(folder / "public-key.json");
  const auto key = derive_sigv4a_key(sha, test.keys);
  if (!key) return report.fail(name, key.error().message);
  const std::string x = to_hex(key->public_key().x()), y = to_hex(key->public_key().y());
  if (x != point["X"] || y != point["Y"]) return report.fail(name, "the derived key differs");
  const SigV4aContext context{.access_key_id = test.keys.access_key_id,
                              .session_token = test.keys.session_token.reveal(),
                              .region_set = test.region,
                              .service = test.service,
                              .time = parse_iso_time(test.context["timestamp"])};
  compare_v4a(test, "header", key->public_key(),
              sign_sigv4a(sha, test.request(), context, *key, test.options), report);
  SigV4Options options = test.options;
  options.content_hash_header = false;
  const std::chrono::seconds lifetime(test.context["expiration_in_seconds"].get<int>());
  compare_v4a(test, "query", key->public_key(),
              presign_sigv4a(sha, test.request(), context, *key, lifetime, options), report);
}

void run_v4a(const fs::path& folder, Report& report) {
  std::set<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(folder)) cases.insert(entry.path());
  for (const auto& entry : cases) run_v4a_case(entry, report);
}

AwsKeys keys_of(const json& test) {
  return {.access_key_id = test["access_key_id"],
          .secret_access_key = Secret(test["secret_access_key"]),
          .session_token = Secret(text_of(test, "session_token"))};
}

std::string body_of(const json& test) {
  if (!test.contains("body_hex")) return test["body"];
  return from_hex(test["body_hex"].get<std::string>()).value();
}

void run_service_request(const json& test, Report& report) {
  HttpRequest request{.method = test["method"], .url = test["url"], .body = body_of(test)};
  for (const auto& [name, value] : test["headers"].items())
    request.headers.push_back({name, value});
  const AwsKeys keys = keys_of(test);
  const std::string region = test["region"], service = test["service"];
  Sha256 sha;
  const auto context = make_sigv4_context(sha, keys, region, service, parse_iso_time(test["time"]));
  const auto to_sign = sigv4_request(request);
  if (!to_sign) return report.fail(test["id"], to_sign.error().message);
  const SigV4Trace trace = sign_sigv4(sha, *to_sign, context, {.signs = is_stable_header});
  const json& expect = test["expect"];
  Comparison with;
  with.equal("payload hash", expect["payload_sha256"].get<std::string>(), trace.payload_hash);
  with.equal("canonical request", expect["canonical_request"].get<std::string>(),
             trace.canonical_request);
  with.equal("string to sign", expect["string_to_sign"].get<std::string>(), trace.string_to_sign);
  with.equal("signature", expect["signature"].get<std::string>(), trace.signature);
  with.equal("authorization", expect["authorization"].get<std::string>(),
             trace.headers.back().value);
  // The server's side has to agree.
  request.headers.insert(request.headers.end(), trace.headers.begin(), trace.headers.end());
  const auto sent = sigv4_request(request);
  const auto authorization = parse_sigv4_authorization(trace.headers.back().value);
  SigV4Request received = *sent;
  std::vector<Header> headers(sent->headers.begin(), sent->headers.end());
  headers.push_back({"Host", std::string(sent->authority)});
  received.headers = headers;
  const auto again = recompute_sigv4(sha, received, *authorization, keys.secret_access_key,
                                     {.signs = is_stable_header});
  with.equal("recomputed", trace.signature, again ? again->signature : again.error().message);
  with.tell(report, test["id"]);
}

void run_presigned(const json& test, Report& report) {
  const HttpRequest request{.method = test["method"], .url = test["url"]};
  const AwsKeys keys = keys_of(test);
  const std::string region = test["region"], service = test["service"];
  Sha256 sha;
  const auto context = make_sigv4_context(sha, keys, region, service, parse_iso_time(test["time"]));
  const auto to_sign = sigv4_request(request);
  if (!to_sign) return report.fail(test["id"], to_sign.error().message);
  const auto trace =
      presign_sigv4(sha, *to_sign, context, std::chrono::seconds(test["expires_s"].get<int>()));
  const auto sorted = [](const std::string& query) {
    std::multiset<std::string> parts;
    std::istringstream in(query);
    for (std::string part; std::getline(in, part, '&');) parts.insert(part);
    return fmt::format("{}", fmt::join(parts, "&"));
  };
  const std::string expected = test["expect"]["url"];
  Comparison with;
  with.equal("parameters", sorted(expected.substr(expected.find('?') + 1)),
             trace ? sorted(trace->query) : trace.error().message);
  with.tell(report, test["id"]);
}

// These two are files beside the folders.
void run_own(const fs::path& folder, Report& report) {
  const json requests = read_json(folder / "service-requests.json");
  for (const json& test : requests["cases"]) run_service_request(test, report);
  const json presigned = read_json(folder / "presigned.json");
  for (const json& test : presigned["cases"]) run_presigned(test, report);
}

}  // namespace

std::vector<Suite> sigv4_suites() {
  return {{"aws-sigv4/v4", run_v4}, {"aws-sigv4/v4a", run_v4a}, {"aws-sigv4", run_own}};
}

}  // namespace ek::conformance

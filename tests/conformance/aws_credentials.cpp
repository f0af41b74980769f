// Whole credential chains, each on a machine of its own with recorded answers of AWS.
#include "conformance/aws_credentials.hpp"

#include <fmt/format.h>

#include <set>
#include <sstream>

#include "base/iso_time.hpp"
#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/aws/chain.hpp"
#include "signing/aws/profile.hpp"
#include "signing/aws/profile_chain.hpp"
#include "signing/aws/profiles.hpp"
#include "signing/aws/sso.hpp"
#include "signing/sigv4.hpp"

namespace ek::conformance {

namespace fs = std::filesystem;
using nlohmann::json;

AwsMachine::AwsMachine(test::World world, std::shared_ptr<test::ManualClock> time)
    : clock(std::move(time)) {
  Environment own = *test::make_environment(clock, std::move(world));
  own.run_command = system_environment().run_command;
  environment = std::make_shared<const Environment>(std::move(own));
}

SigningServices AwsMachine::services() const {
  return {.transport = web, .environment = environment, .tokens = tokens};
}

SignContext AwsMachine::context() const {
  return {.deadline = clock->steady_now() + std::chrono::minutes(1)};
}

std::map<std::string, std::string> text_map(const json& object) {
  return object.is_object() ? object.get<std::map<std::string, std::string>>()
                            : std::map<std::string, std::string>();
}

namespace {

struct Exchanged {
  HttpRequest request;
  HttpResponse response;
};

std::vector<Header> headers_of(const json& message) {
  std::vector<Header> out;
  const json headers = message.value("headers", json::object());
  for (const auto& [name, values] : headers.items()) {
    for (const json& value : values) out.push_back({name, value});
  }
  return out;
}

// Requests in the order in which they were sent, each with its answer.
std::vector<Exchanged> read_traffic(const fs::path& file) {
  std::map<int, Exchanged> by_connection;
  const json traffic = read_json(file);
  for (const json& event : traffic["events"]) {
    Exchanged& exchange = by_connection[event["connection_id"].get<int>()];
    const json& action = event["action"];
    if (action.contains("Request")) {
      const json& request = action["Request"]["request"];
      exchange.request = {
          .method = request["method"], .url = request["uri"], .headers = headers_of(request)};
    } else if (action.contains("Response")) {
      const json& response = action["Response"]["response"]["Ok"];
      exchange.response.head = {.status = response["status"], .headers = headers_of(response)};
    } else if (action.contains("Data")) {
      const json& data = action["Data"];
      auto& body = data["direction"] == "Request" ? exchange.request.body : exchange.response.body;
      body += data["data"].value("Utf8", "");
    }
  }
  std::vector<Exchanged> out;
  for (auto& [connection, exchange] : by_connection) out.push_back(std::move(exchange));
  return out;
}

test::World read_machine(const fs::path& folder) {
  test::World world{.variables = text_map(read_json(folder / "env.json"))};
  const fs::path root = folder / "fs";
  if (!fs::is_directory(root)) return world;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file())
      world.files['/' + entry.path().lexically_relative(root).generic_string()] =
          read_file(entry.path());
  }
  return world;
}

// The parts of "a=1&b=2" without regard to their order.
std::multiset<std::string> parts_of(const std::string& text) {
  std::multiset<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, '&');) parts.insert(part);
  return parts;
}

std::string normal_url(const std::string& url) {
  const auto question = url.find('?');
  auto uri = parse_uri(url.substr(0, question));
  if (!uri) return url;
  const std::string query = question == std::string::npos ? "" : url.substr(question + 1);
  return fmt::format("{}://{}{}?{}", uri->scheme, uri->authority(),
                     uri->path.empty() ? "/" : uri->path, fmt::join(parts_of(query), "&"));
}

// Names of form fields, with the values that do not depend on the time or on redaction.
std::string normal_body(const std::string& body) {
  std::string out;
  for (const std::string& part : parts_of(body)) {
    const bool is_fixed = part.starts_with("Action=") || part.starts_with("Version=");
    out += (is_fixed ? part : part.substr(0, part.find('='))) + '&';
  }
  return out;
}

// The headers of the recording that prove something must be there. Those of a signature are of
// other keys in some recordings, which replaced theirs; the others are equal.
std::string missing_proof(const HttpRequest& recorded, const HttpRequest& sent) {
  static const std::set<std::string> proofs = {"authorization", "x-amz-security-token",
                                               "x-amz-sso_bearer_token", "x-aws-ec2-metadata-token",
                                               "x-aws-ec2-metadata-token-ttl-seconds"};
  for (const Header& wanted : recorded.headers) {
    if (!proofs.contains(to_lower(wanted.name))) continue;
    const std::string ours(HttpHead{.headers = sent.headers}.header(wanted.name));
    const bool is_signature = wanted.value.starts_with("AWS4-");
    const bool is_session = iequals(wanted.name, "x-amz-security-token");
    const bool good = is_signature ? ours.starts_with("AWS4-")
                      : is_session ? !ours.empty()
                                   : ours == wanted.value;
    if (!good) return fmt::format("{}: expected <{}>, got <{}>", wanted.name, wanted.value, ours);
  }
  return "";
}

std::string difference(const HttpRequest& recorded, const HttpRequest& sent) {
  if (recorded.method != sent.method || normal_url(recorded.url) != normal_url(sent.url)) {
    return fmt::format("expected {} {}, got {} {}", recorded.method, recorded.url, sent.method,
                       sent.url);
  }
  if (normal_body(recorded.body) != normal_body(sent.body))
    return fmt::format("body of {}: expected <{}>, got <{}>", recorded.url, recorded.body,
                       sent.body);
  return missing_proof(recorded, sent);
}

// A failure may have been tried once more than in the recording; that asks the same thing again.
std::string difference(const std::vector<Exchanged>& recorded, const std::vector<HttpRequest>& sent,
                       bool may_retry) {
  if (sent.size() != recorded.size() && !(may_retry && sent.size() > recorded.size()))
    return fmt::format("expected {} requests, got {}", recorded.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    if (recorded.empty()) return "a request that was not expected: " + sent[i].url;
    const std::string found =
        difference(recorded[std::min(i, recorded.size() - 1)].request, sent[i]);
    if (!found.empty()) return fmt::format("request {}: {}", i, found);
  }
  return "";
}

// That `headers` were made with the expected keys is shown by making the signature again.
std::string wrong_signature(const json& expected, HttpRequest request,
                            const std::vector<Header>& headers) {
  const std::string authorization(HttpHead{.headers = headers}.header("authorization"));
  const auto parts = parse_sigv4_authorization(authorization);
  if (!parts) return parts.error().message;
  if (parts->access_key_id != expected["access_key_id"])
    return fmt::format("expected the key {}, got {}", expected["access_key_id"].get<std::string>(),
                       parts->access_key_id);
  const std::string token(HttpHead{.headers = headers}.header("x-amz-security-token"));
  if (token != expected.value("session_token", "")) return "another session token: " + token;
  request.headers = headers;
  request.headers.push_back({"host", parse_uri(request.url).value().authority()});
  Sha256 sha;
  const auto again = recompute_sigv4(sha, sigv4_request(request).value(), *parts,
                                     Secret(expected["secret_access_key"].get<std::string>()));
  if (!again) return again.error().message;
  return again->signature == parts->signature ? "" : "another secret key";
}

struct Case {
  std::string name;
  AwsMachine machine;
  std::vector<Exchanged> traffic;
  json result;
};

Case read_case(const fs::path& folder) {
  Case out{.name = fmt::format("{}/{}", folder.parent_path().filename().string(),
                               folder.filename().string()),
           .machine = AwsMachine(read_machine(folder)),
           .traffic = read_traffic(folder / "http-traffic.json"),
           .result = read_json(folder / "test-case.json")["result"]};
  for (const Exchanged& exchange : out.traffic) out.machine.web->reply(exchange.response);
  if (!out.traffic.empty()) out.machine.web->repeat(out.traffic.back().response);
  return out;
}

// `wrong` judges a success; it gives "" for a right one.
template <class T>
void judge(const Case& test, const Result<T>& outcome,
           const std::function<std::string(const json& expected, const T& value)>& wrong,
           Report& report) {
  const bool may_succeed = test.result.contains("Ok");
  std::string why;
  if (may_succeed && !outcome) why = outcome.error().message;
  if (!may_succeed && outcome) why = "expected an error";
  if (may_succeed && outcome) why = wrong(test.result["Ok"], *outcome);
  if (why.empty()) why = difference(test.traffic, test.machine.web->requests(), !may_succeed);
  why.empty() ? report.pass(test.name) : report.fail(test.name, why);
}

void run_default_chain(const fs::path& folder, Report& report) {
  const Case test = read_case(folder);
  const HttpRequest request{.url = "https://runtime.sagemaker.us-east-1.amazonaws.com/ping"};
  const auto signer =
      make_chain_signer(aws_chain(), {.aws_service = "sagemaker", .aws_region = "us-east-1"},
                        test.machine.services());
  const auto headers = signer->sign(request, test.machine.context());
  judge<std::vector<Header>>(
      test, headers,
      [&](const json& expected, const std::vector<Header>& signed_with) {
        return wrong_signature(expected, request, signed_with);
      },
      report);
}

std::string wrong_keys(const json& expected, const TemporaryKeys& keys) {
  json got = {{"access_key_id", keys.keys.access_key_id},
              {"secret_access_key", keys.keys.secret_access_key.reveal()}};
  if (!keys.keys.session_token.empty()) got["session_token"] = keys.keys.session_token.reveal();
  if (!keys.account_id.empty()) got["account_id"] = keys.account_id;
  if (keys.expires) got["expiry"] = keys.expires->time_since_epoch().count();
  return got == expected ? "" : fmt::format("expected {}, got {}", expected.dump(), got.dump());
}

void run_profile(const fs::path& folder, Report& report) {
  Case test = read_case(folder);
  // Before the recorded keys ended.
  test.machine.clock->set_wall(std::chrono::sys_days(std::chrono::year(2021) / 8 / 5));
  const auto keys = fetch_profile_keys(aws_profile_name(*test.machine.environment), "us-east-1", {},
                                       test.machine.services(), test.machine.context());
  judge<TemporaryKeys>(test, keys, wrong_keys, report);
}

Result<SsoToken> profile_token(const AwsMachine& machine) {
  const auto config = load_aws_config(*machine.environment);
  if (!config) return config.error();
  const auto chain = resolve_profile(*config, aws_profile_name(*machine.environment));
  if (!chain) return chain.error();
  const auto* sso = *chain ? std::get_if<SsoSource>(&(*chain)->origin) : nullptr;
  if (sso == nullptr) return Error{.message = "the profile has no sso_session"};
  return fetch_sso_token(*sso, machine.services(), machine.context());
}

void run_token(const fs::path& folder, Report& report) {
  const Case test = read_case(folder);
  judge<SsoToken>(
      test, profile_token(test.machine),
      [](const json& expected, const SsoToken& token) {
        const bool same = expected["token"] == token.value.reveal() &&
                          expected["expiration"] == format_iso_time(token.expires);
        return same ? "" : "another token or expiry";
      },
      report);
}

void run_folders(const fs::path& root, void (*run)(const fs::path&, Report&), Report& report) {
  std::set<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.is_directory()) folders.insert(entry.path());
  }
  for (const fs::path& folder : folders) run(folder, report);
}

void run_config(const fs::path& root, Report& report) {
  run_folders(root / "default-credential-provider-chain", run_default_chain, report);
  run_folders(root / "profile-provider", run_profile, report);
  run_folders(root / "default-token-provider-chain", run_token, report);
  run_assume_role(root / "assume-role-tests.json", report);
  run_container_urls(root / "ecs-tests.json", report);
  run_imds_endpoints(root / "imds-config" / "imds-endpoint-tests.json", report);
  run_login_sessions(root / "login-provider-test-cases.json", report);
}

void run_runtime(const fs::path& root, Report& report) {
  run_profile_parser(root / "profile-parser-tests.json", report);
  run_file_locations(root / "file-location-tests.json", report);
  run_trace_headers(root / "recursion-detection.json", report);
}

}  // namespace

std::vector<Suite> aws_credential_suites() {
  return {{"aws-credentials/smithy-rs/aws-config", run_config},
          {"aws-credentials/smithy-rs/aws-runtime", run_runtime},
          {"aws-credentials/profile-fuzz-seeds", run_seeds}};
}

}  // namespace ek::conformance

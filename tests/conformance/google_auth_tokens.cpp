// google-auth's vectors of exchanges: what is asked, in which order, and what comes of the answers.
#include <fmt/format.h>

#include <map>

#include "base/iso_time.hpp"
#include "base/uri.hpp"
#include "conformance/google_auth.hpp"
#include "signing/google/credential_file.hpp"
#include "signing/google/executable_subject.hpp"
#include "signing/google/metadata_server.hpp"
#include "signing/google/service_account.hpp"
#include "signing/google/subject_token.hpp"
#include "signing/google/url.hpp"
#include "signing/oauth.hpp"

namespace ek::conformance {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Form = std::multimap<std::string, std::string>;

// Files are those of the case or of the suite; programs print what the case says.
std::shared_ptr<const Environment> environment_of(const json& test, const fs::path& folder,
                                                  const Bench& bench, int& programs_run) {
  Environment out = *bench.environment;
  out.variable = [test](const std::string& name) -> std::optional<std::string> {
    if (!test.contains("environment") || !test["environment"].contains(name)) return std::nullopt;
    return test["environment"][name].get<std::string>();
  };
  out.read_file = [test, folder](const std::string& path) -> Result<std::string> {
    if (test.contains("file_content")) return test["file_content"].get<std::string>();
    if (fs::is_regular_file(folder / path)) return read_file(folder / path);
    return Error{.code = ErrorCode::authentication, .message = "no such file"};
  };
  out.run_command = [test, &programs_run](const std::vector<std::string>& arguments,
                                          std::chrono::milliseconds,
                                          const std::stop_token&) -> Result<CommandOutput> {
    ++programs_run;
    const auto words =
        split_command(test["credential_source"]["executable"]["command"].get<std::string>());
    if (!std::equal(words.rbegin(), words.rend(), arguments.rbegin()))
      return Error{.code = ErrorCode::authentication, .message = "another program"};
    return CommandOutput{.exit_code = test["exit_code"], .standard_output = test["stdout"]};
  };
  return std::make_shared<const Environment>(std::move(out));
}

void run_credential_source(const json& test, const fs::path& folder, Report& report) {
  Bench bench;
  int programs_run = 0;
  bench.environment = environment_of(test, folder, bench, programs_run);
  const json http = test.value("http", json::array());
  for (const json& exchange : http) bench.web->reply(response_of(exchange["response"]));
  const auto file = JsonObject::parse(test["credential_source"].dump()).value();
  const auto source = read_subject_source(file, {.audience = "a", .token_type = "t"});
  const auto token =
      source ? source->fetch(bench.services(), bench.context()) : Result<Secret>(source.error());
  std::string why = difference(http, bench.web->requests());
  const json& expect = test["expect"];
  if (expect.contains("error") == static_cast<bool>(token))
    why += token ? " no error" : " " + token.error().message;
  if (token && token->reveal() != text_of(expect, "subject_token"))
    why += " token <" + token->reveal() + ">";
  if (test["id"] == "executable-not-allowed" && programs_run != 0) why += " the program was run";
  report.tell(test["id"], why);
}

Form form_of(const std::string& body) {
  Form out;
  const Uri uri = parse_uri("x://h?" + body).value();
  for (const auto& [name, value] : uri.query) out.emplace(name, value);
  return out;
}

// Python quotes the options once more than JavaScript; both are accepted.
std::string form_difference(const json& wanted, const std::string& body) {
  Form expected;
  for (const auto& [name, value] : wanted.items()) expected.emplace(name, value);
  Form sent = form_of(body);
  const auto options = expected.find("options");
  const auto ours = sent.find("options");
  if (options != expected.end() && ours != sent.end() &&
      json::parse(percent_decode(options->second)) == json::parse(ours->second)) {
    expected.erase(options);
    sent.erase(ours);
  }
  return expected == sent ? "" : " form " + body;
}

std::string json_difference(json wanted, const std::string& body) {
  if (wanted.contains("delegates") && wanted["delegates"].is_null()) wanted.erase("delegates");
  return json::parse(body, nullptr, false) == wanted ? "" : " json " + body;
}

void run_exchange(const json& test, Report& report) {
  Bench bench(test::World{.files = {{"/var/run/secrets/goog.id/token", test["subject_token"]}}});
  for (const json& exchange : test["requests"]) bench.web->reply(response_of(exchange["response"]));
  const auto account =
      parse_google_credentials(test["config"].dump(), GoogleFileType::external_account);
  if (!account) return report.fail(test["id"], account.error().message);
  std::string scope;
  for (const json& word : test["scopes"])
    scope += (scope.empty() ? "" : " ") + word.get<std::string>();
  const auto token = (*account)->fetch_access_token(scope, bench.services(), bench.context());
  std::string why = difference(test["requests"], bench.web->requests());
  for (std::size_t i = 0; why.empty() && i < bench.web->requests().size(); ++i) {
    const json& wanted = test["requests"][i];
    const std::string& body = bench.web->requests()[i].body;
    why += wanted.contains("form") ? form_difference(wanted["form"], body)
                                   : json_difference(wanted["json"], body);
  }
  const json& expect = test["expect"];
  if (expect.contains("error")) {
    if (token) why += " no error";
    return report.tell(test["id"], why);
  }
  if (!token) return report.fail(test["id"], why + token.error().message);
  if (token->value.reveal() != expect["token"]) why += " token";
  const auto now = std::chrono::floor<std::chrono::seconds>(bench.environment->now());
  const auto life = expect.contains("expires_at")
                        ? parse_iso_time(expect["expires_at"].get<std::string>()).value() - now
                        : std::chrono::seconds(expect["expires_in_s"].get<int>());
  if (token->lifetime != life) why += " lifetime";
  report.tell(test["id"], why);
}

std::string error_difference(const Error& error, const json& expect) {
  if (!expect.contains("error")) return "failed: " + error.message;
  if (expect.contains("retryable") && expect["retryable"] != error.retryable) return "retryable";
  if (error.message.find(text_of(expect, "message_has")) == std::string::npos)
    return "message " + error.message;
  return "";
}

void run_token_endpoint(const json& test, const ServiceAccountKey& key, Report& report) {
  Bench bench;
  const HttpResponse answer = response_of(test["response"]);
  bench.web->repeat(answer);
  const auto token = fetch_granted_token(key, "scope", bench.services(), bench.context());
  const json& expect = test["expect"];
  std::string why;
  if (!token) {
    why = error_difference(token.error(), expect);
  } else if (expect.contains("error")) {
    why = "no error";
  } else {
    const auto reply = parse_token_reply(answer.body);
    const auto life = reply ? reply->expires_in : std::nullopt;
    const json seconds = life ? json(life->count()) : json(nullptr);
    if (token->value.reveal() != expect["token"]) why += " token";
    if (seconds != expect["expires_in_s"]) why += " lifetime";
    if (life && token->lifetime != *life) why += " lifetime kept";
  }
  report.tell(test["id"], why);
}

// What the case asks for, by the path of its request.
Result<std::string> ask_metadata(const std::string& url, const Bench& bench, json& got) {
  const auto services = bench.services();
  if (url.ends_with("project-id")) return fetch_metadata_project(services, bench.context());
  if (url.ends_with("universe-domain")) return fetch_metadata_universe(services, bench.context());
  const bool scoped = url.find("scopes=") != std::string::npos;
  const auto token = make_metadata_account(std::string(default_universe))
                         ->fetch_access_token(scoped ? "foo bar" : "", services, bench.context());
  if (!token) return token.error();
  got["expires_in_s"] = token->lifetime.count();
  return token->value.reveal();
}

void run_metadata(const json& test, Report& report) {
  Bench bench;
  HttpResponse answer = response_of(test["response"]);
  // Every answer of the real server has it, and ours is asked for; python's test doubles leave it
  // out of some.
  if (answer.head.header("metadata-flavor").empty())
    answer.head.headers.push_back({"Metadata-Flavor", "Google"});
  bench.web->repeat(std::move(answer));
  const json& expect = test["expect"];
  json got;
  const auto outcome = ask_metadata(test["request"]["url"], bench, got);
  std::string why = difference(test["request"], bench.web->requests().at(0));
  if (!outcome) {
    why += error_difference(outcome.error(), expect);
  } else if (*outcome != text_of(expect, expect.contains("token") ? "token" : "text")) {
    why += " got " + *outcome;
  } else if (expect.contains("expires_in_s") && got["expires_in_s"] != expect["expires_in_s"]) {
    why += " lifetime";
  }
  report.tell("metadata " + test["id"].get<std::string>(), why);
}

void run_ping(const json& ping, Report& report) {
  for (const bool present : {true, false}) {
    Bench bench;
    HttpResponse answer{.head = {.status = 200}};
    if (present) answer.head.headers = {{"Metadata-Flavor", "Google"}};
    bench.web->repeat(std::move(answer));
    std::string why_not;
    const auto found = is_at_google(bench.services(), bench.context(), why_not);
    json wanted = ping;
    wanted["method"] = "GET";
    wanted["url"] = ping["url"].get<std::string>() + '/';
    std::string why = difference(wanted, bench.web->requests().at(0));
    if (!found || *found != present) why += " wrong finding";
    report.tell(present ? "ping of the server" : "ping of something else", why);
  }
}

// Which of the repositories' credential files are complete, of a type that is supported, and signed
// with an RSA key; whatever their universe.
void run_files(const fs::path& folder, Report& report) {
  const std::map<std::string, bool> files = {
      {"authorized_user.json", true},
      {"authorized_user_cloud_sdk.json", true},
      {"authorized_user_cloud_sdk_with_quota_project_id.json", true},
      {"authorized_user_with_rapt_token.json", true},
      {"enterprise_cert_invalid.json", false},
      {"enterprise_cert_valid.json", false},
      {"es256_service_account.json", false},
      {"external_account_authorized_user.json", true},
      {"external_account_authorized_user_non_gdu.json", true},
      {"gdch_service_account.json", false},
      {"impersonated_service_account_authorized_user_source.json", true},
      {"impersonated_service_account_external_account_authorized_user_source.json", true},
      {"impersonated_service_account_service_account_source.json", true},
      {"impersonated_service_account_with_quota_project.json", true},
      {"nodejs-external-account-authorized-user-cred.json", true},
      {"nodejs-external-account-cred.json", true},
      {"nodejs-impersonated-with-scopes.json", true},
      {"nodejs-impersonated_application_default_credentials.json", true},
      {"nodejs-refresh.json", true},
      {"nodejs-service-account-with-quota.json", false},
      {"nodejs-wellKnown.json", true},
      {"service_account.json", true},
      {"service_account_non_gdu.json", true}};
  for (const auto& [name, good] : files) {
    const auto account =
        parse_google_credentials(read_file(folder / "files" / name), GoogleFileType::any);
    std::string why;
    if (static_cast<bool>(account) != good) why = account ? "accepted" : account.error().message;
    report.tell(name, why);
  }
}

}  // namespace

void run_google_tokens(const fs::path& folder, Report& report) {
  const json sources = read_json(folder / "credential-sources.json");
  for (const json& test : sources["cases"]) run_credential_source(test, folder, report);
  const json exchanges = read_json(folder / "sts-exchange.json");
  for (const json& test : exchanges["cases"]) run_exchange(test, report);
  const auto key = parse_service_account(read_file(folder / "files" / "service_account.json"));
  if (!key) return report.fail("service_account.json", key.error().message);
  const json endpoint = read_json(folder / "token-endpoint.json");
  for (const json& test : endpoint["cases"]) run_token_endpoint(test, *key, report);
  const json metadata = read_json(folder / "metadata-server.json");
  for (const json& test : metadata["cases"]) run_metadata(test, report);
  run_ping(metadata["ping"], report);
  run_files(folder, report);
}

}  // namespace ek::conformance

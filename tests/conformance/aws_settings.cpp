// The functions that credential chains are made of, one table each.
#include <fmt/format.h>

#include "base/base64.hpp"
#include "base/iso_time.hpp"
#include "conformance/aws_credentials.hpp"
#include "signing/aws/config_file.hpp"
#include "signing/aws/container.hpp"
#include "signing/aws/imds.hpp"
#include "signing/aws/profile.hpp"
#include "signing/aws/profile_chain.hpp"
#include "signing/aws/profiles.hpp"

namespace ek::conformance {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

void tell(Report& report, const std::string& name, bool good, const std::string& why) {
  good ? report.pass(name) : report.fail(name, why);
}

json as_json(const std::map<std::string, AwsSection, std::less<>>& sections) {
  json out = json::object();
  for (const auto& [name, section] : sections) {
    out[name] = json::object();
    for (const auto& [setting, value] : section) out[name][setting] = value;
  }
  return out;
}

AwsConfig config_of(const json& input) {
  AwsConfig config;
  const auto take = [](const json& from, auto& to) {
    for (const auto& [name, section] : from.items())
      for (const auto& [setting, value] : section.items()) to[name][setting] = value;
    for (const auto& [name, section] : from.items()) to[name];
  };
  take(input["profiles"], config.profiles);
  if (input.contains("sso_sessions")) take(input["sso_sessions"], config.sso_sessions);
  return config;
}

// A member for each value that is not empty.
json filled(std::initializer_list<std::pair<const char*, std::string>> members) {
  json out = json::object();
  for (const auto& [name, value] : members) {
    if (!value.empty()) out[name] = value;
  }
  return out;
}

json origin_json(const ProfileChain& chain) {
  if (const auto* given = std::get_if<StaticKeys>(&chain.origin)) {
    return {{"AccessKey", filled({{"access_key_id", given->keys.access_key_id},
                                  {"secret_access_key", given->keys.secret_access_key.reveal()},
                                  {"session_token", given->keys.session_token.reveal()},
                                  {"account_id", chain.account_id}})}};
  }
  if (const auto* named = std::get_if<NamedSource>(&chain.origin))
    return {{"NamedSource", named->name}};
  if (const auto* web = std::get_if<WebIdentity>(&chain.origin)) {
    return {{"WebIdentityToken", filled({{"role_arn", web->role_arn},
                                         {"web_identity_token_file", web->token_file},
                                         {"role_session_name", web->session_name}})}};
  }
  if (const auto* sso = std::get_if<SsoSource>(&chain.origin)) {
    return {{"Sso", filled({{"sso_session", sso->session},
                            {"sso_start_url", sso->start_url},
                            {"sso_region", sso->region},
                            {"sso_account_id", sso->account_id},
                            {"sso_role_name", sso->role_name}})}};
  }
  return std::string(describe_origin(chain.origin));
}

json chain_json(const ProfileChain& chain) {
  json out = json::array({origin_json(chain)});
  for (const RoleStep& step : chain.roles) {
    out.push_back({{"AssumeRole", filled({{"role_arn", step.role_arn},
                                          {"external_id", step.external_id},
                                          {"role_session_name", step.session_name}})}});
  }
  return out;
}

// A session file that a program left, compared as JSON.
std::string wrong_files(const AwsMachine& machine, const json& outcome, const std::string& folder) {
  for (const auto& [name, expected] : outcome.items()) {
    if (name == "result") continue;
    const auto text = machine.environment->read_file(folder + name);
    if (!text || json::parse(*text) != expected) return "another session file: " + name;
  }
  return "";
}

std::string wrong_login(const json& outcome, const Result<TemporaryKeys>& keys) {
  if (outcome["result"] == "error") return keys ? "expected an error" : "";
  if (!keys) return keys.error().message;
  const bool same = outcome["accessKeyId"] == keys->keys.access_key_id &&
                    outcome["secretAccessKey"] == keys->keys.secret_access_key.reveal() &&
                    outcome["sessionToken"] == keys->keys.session_token.reveal() &&
                    outcome["accountId"] == keys->account_id &&
                    outcome["expiresAt"] == format_iso_time(keys->expires.value());
  return same ? "" : "other keys, account or expiry";
}

// What was asked, and that it was proved by the key of the session.
std::string wrong_refresh(const json& call, const HttpRequest& sent) {
  if (json::parse(sent.body) != call["request"]["tokenInput"]) return "body: " + sent.body;
  const std::string proof(HttpHead{.headers = sent.headers}.header("dpop"));
  const std::string header = base64_decode(proof.substr(0, proof.find('.'))).value_or("no base64");
  if (header.find("\"dpop+jwt\"") == std::string::npos) return "no DPoP proof: " + header;
  return sent.url.ends_with("/v1/token") ? "" : "URL: " + sent.url;
}

void run_login(const json& test, Report& report) {
  const std::string folder = "/home/.aws/login/cache/";
  test::World world{.variables = {{"HOME", "/home"}, {"AWS_PROFILE", "signin"}},
                    .files = {{"/home/.aws/config", test["configContents"]}}};
  for (const auto& [name, content] : test["cacheContents"].items())
    world.files[folder + name] = content.dump();
  const AwsMachine machine(std::move(world),
                           std::make_shared<test::ManualClock>(
                               std::chrono::sys_days(std::chrono::year(2025) / 11 / 19)));
  const json calls = test.value("mockApiCalls", json::array());
  for (const json& call : calls) {
    machine.web->reply(
        {.head = {.status = call.value("responseCode", 200)},
         .body = call.contains("response") ? call["response"]["tokenOutput"].dump() : "{}"});
  }
  const auto keys =
      fetch_profile_keys("signin", "us-east-1", {}, machine.services(), machine.context());
  std::string why;
  for (const json& outcome : test["outcomes"]) {
    why += outcome["result"] == "cacheContents" ? wrong_files(machine, outcome, folder)
                                                : wrong_login(outcome, keys);
  }
  const auto& sent = machine.web->requests();
  if (sent.size() != calls.size()) why += fmt::format("{} requests", sent.size());
  for (std::size_t i = 0; i < sent.size() && i < calls.size(); ++i)
    why += wrong_refresh(calls[i], sent[i]);
  tell(report, test["documentation"], why.empty(), why);
}

}  // namespace

void run_profile_parser(const fs::path& file, Report& report) {
  const json suite = read_json(file);
  for (const json& test : suite["tests"]) {
    const std::string config = test["input"].value("configFile", "");
    const std::string credentials = test["input"].value("credentialsFile", "");
    const auto parsed = parse_aws_config({"config", config}, {"credentials", credentials});
    const json& output = test["output"];
    if (output.contains("errorContaining") || !parsed) {
      tell(report, test["name"], output.contains("errorContaining") && !parsed,
           parsed ? "expected an error" : parsed.error().message);
      continue;
    }
    const json sessions = output["config"].value("sso_sessions", json::object());
    const bool same = as_json(parsed->profiles) == output["config"]["profiles"] &&
                      as_json(parsed->sso_sessions) == sessions;
    tell(report, test["name"], same, as_json(parsed->profiles).dump());
  }
}

void run_file_locations(const fs::path& file, Report& report) {
  const json suite = read_json(file);
  for (const json& test : suite["tests"]) {
    const AwsMachine machine({.variables = text_map(test["environment"])});
    const AwsFiles files = aws_files(*machine.environment);
    const std::string profile = aws_profile_name(*machine.environment);
    const bool same = files.config == test["configLocation"] &&
                      files.credentials == test["credentialsLocation"] &&
                      profile == test.value("profile", "default");
    tell(report, test["name"], same,
         fmt::format("{} {} {}", files.config, files.credentials, profile));
  }
}

void run_assume_role(const fs::path& file, Report& report) {
  const json suite = read_json(file);
  for (const json& test : suite) {
    const auto chain = resolve_profile(config_of(test["input"]), test["input"]["selected_profile"]);
    const bool found = chain && *chain;
    const json got = found ? chain_json(**chain) : json("an error");
    const json& output = test["output"];
    tell(report, test["docs"], output.contains("Error") ? !found : got == output["ProfileChain"],
         got.dump());
  }
}

void run_container_urls(const fs::path& file, Report& report) {
  const json suite = read_json(file);
  for (const json& test : suite["tests"]) {
    const AwsMachine machine({.variables = text_map(test["env"])});
    const auto url = container_keys_url(*machine.environment);
    const std::string got = url ? url->value_or("nothing") : url.error().message;
    const json& result = test["result"];
    const bool same = result.contains("Ok") ? got == result["Ok"] : !url || !*url;
    tell(report, test["docs"], same, got);
  }
}

void run_imds_endpoints(const fs::path& file, Report& report) {
  const json suite = read_json(file);
  for (const json& test : suite["tests"]) {
    if (test.contains("endpoint_override") || test.contains("mode_override")) {
      report.skip(test["docs"],
                  "there is no way to set the endpoint in code that it could override");
      continue;
    }
    const AwsMachine machine({.variables = text_map(test["env"]), .files = text_map(test["fs"])});
    const auto settings = imds_settings(*machine.environment);
    const std::string got = !settings   ? settings.error().message
                            : *settings ? (*settings)->endpoint + "/latest/api/token"
                                        : "switched off";
    const json& result = test["result"];
    tell(report, test["docs"], result.contains("Ok") ? got == result["Ok"] : !settings, got);
  }
}

void run_login_sessions(const fs::path& file, Report& report) {
  const json suite = read_json(file);
  for (const json& test : suite) run_login(test, report);
}

// Through the signer, since that is what hands the header on.
void run_trace_headers(const fs::path& file, Report& report) {
  const json suite = read_json(file);
  for (const json& test : suite) {
    const AwsMachine machine({.variables = text_map(test["env"])});
    HttpRequest request{.url = "https://runtime.sagemaker.us-east-1.amazonaws.com/ping"};
    for (const std::string line : test["requestHeadersBefore"]) {
      const auto colon = line.find(": ");
      request.headers.push_back({line.substr(0, colon), line.substr(colon + 2)});
    }
    const auto signer = make_aws_identity({"AKIDEXAMPLE", Secret("secret"), {}})
                            ->signer_for({.aws_service = "sagemaker", .aws_region = "us-east-1"},
                                         machine.services());
    const auto added = signer.value()->sign(request, machine.context());
    json got = json::array();
    for (const auto& headers : {request.headers, added.value()})
      for (const Header& header : headers)
        if (header.name == "X-Amzn-Trace-Id") got.push_back(header.name + ": " + header.value);
    const json& docs = test.contains("description") ? test["description"] : test["desciption"];
    tell(report, docs[0], got == test["requestHeadersAfter"], got.dump());
  }
}

void run_seeds(const fs::path& folder, Report& report) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string text = read_file(entry.path());
    (void)parse_aws_config({"config", text}, {"credentials", ""});
    (void)parse_aws_config({"config", ""}, {"credentials", text});
    report.pass(entry.path().filename().string());
  }
}

}  // namespace ek::conformance

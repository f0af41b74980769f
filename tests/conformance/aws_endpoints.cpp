// The hosts of AWS services, and the settings that replace them.
#include <fmt/format.h>

#include "conformance/suite.hpp"
#include "signing/aws/endpoints.hpp"
#include "support/test_environment.hpp"

namespace ek::conformance {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string text_or_empty(const json& object, const char* name) {
  return object.contains(name) ? object[name].get<std::string>() : "";
}

// The rule set of sign-in tells its operations apart by flags; here they have names.
std::string service_of(const std::string& folder, const json& params) {
  if (params.value("IsControlPlane", false)) return "signin-control";
  if (params.value("IsOAuthEndpoint", false)) return "signin-oauth";
  return folder;
}

std::string region_of(const json& params) {
  const std::string region = text_or_empty(params, "Region");
  if (!params.value("UseGlobalEndpoint", false) || params.contains("Endpoint")) return region;
  const auto environment =
      test::make_environment(std::make_shared<test::ManualClock>(),
                             {.variables = {{"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}}});
  return sts_region(*environment, region);
}

void run_service_case(const std::string& service, const std::string& name, const json& test,
                      Report& report) {
  const json params = test.value("params", json::object());
  const auto found = resolve_aws_endpoint(service_of(service, params), region_of(params),
                                          {.fips = params.value("UseFIPS", false),
                                           .dual_stack = params.value("UseDualStack", false),
                                           .url = text_or_empty(params, "Endpoint")});
  const json& expect = test["expect"];
  if (expect.contains("error")) {
    if (!found) return report.pass(name);
    return report.fail(name, fmt::format("expected an error, got {}", found->url));
  }
  if (!found) return report.fail(name, found.error().message);
  const std::string url = expect["endpoint"]["url"];
  if (found->url != url) return report.fail(name, fmt::format("{} is not {}", found->url, url));
  const json properties = expect["endpoint"].value("properties", json::object());
  for (const json& scheme : properties.value("authSchemes", json::array())) {
    const std::string region = scheme.value("signingRegion", "");
    if (!region.empty() && region != found->signing_region)
      return report.fail(name, fmt::format("signs for {}, not {}", found->signing_region, region));
  }
  report.pass(name);
}

void run_services(const fs::path& folder, Report& report) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string service = entry.path().filename().string();
    const json tests = read_json(entry.path() / "endpoint-tests-1.json");
    int number = 0;
    for (const json& test : tests["testCases"]) {
      run_service_case(service, fmt::format("{} {}", service, ++number), test, report);
    }
  }
}

// The profiles and service sections of a suite as the text of a config file.
std::string config_text(const json& suite) {
  std::string out;
  for (const auto& [name, properties] : suite["profiles"].items()) {
    out += fmt::format("[{}{}]\n", name == "default" ? "" : "profile ", name);
    for (const auto& [key, value] : properties.items())
      out += fmt::format("{} = {}\n", key, value.get<std::string>());
  }
  for (const auto& [name, blocks] : suite["services"].items()) {
    out += fmt::format("[services {}]\n", name);
    for (const auto& [service, properties] : blocks.items()) {
      out += service + " =\n";
      for (const auto& [key, value] : properties.items())
        out += fmt::format("  {} = {}\n", key, value.get<std::string>());
    }
  }
  return out;
}

void run_configured_case(const json& suite, const json& test, Report& report) {
  const std::string name = test["name"];
  const json& client = suite["client_configs"][test["client_config"].get<std::string>()];
  const std::string given = text_or_empty(client, "endpoint_url");
  if (client.value("ignore_configured_endpoint_urls", false) && given.empty()) {
    return report.skip(name,
                       "an endpoint has no such option: a variable or the profile says it, and a "
                       "URL that is given goes before all that is configured anyway");
  }
  test::World world{.variables = {{"AWS_CONFIG_FILE", "/config"},
                                  {"AWS_PROFILE", test["profile"].get<std::string>()}},
                    .files = {{"/config", config_text(suite)}}};
  for (const auto& [key, value] :
       suite["environments"][test["environment"].get<std::string>()].items()) {
    world.variables[key] = value.get<std::string>();
  }
  const auto environment =
      test::make_environment(std::make_shared<test::ManualClock>(), std::move(world));
  const std::string service = test["service"];
  const auto found = aws_endpoint_settings(*environment, service, {.url = given});
  if (!found) return report.fail(name, found.error().message);
  // None is configured where the SDK's own host is expected.
  const std::string expected = test["output"]["endpointUrl"];
  const std::string own = fmt::format("https://{}.fake-region-10.amazonaws.com", service);
  if ((expected == own ? "" : expected) == found->url) return report.pass(name);
  report.fail(name, fmt::format("expected {}, got \"{}\"", expected, found->url));
}

// A file beside the folders.
void run_configured(const fs::path& folder, Report& report) {
  const json configured = read_json(folder / "configured-endpoint-urls.json");
  for (const json& suite : configured["testSuites"]) {
    for (const json& test : suite["endpointUrlTests"]) run_configured_case(suite, test, report);
  }
}

void skip_engine(const fs::path& folder, Report& report) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const json cases = read_json(entry.path()).value("testCases", json::array());
    for (std::size_t i = 0; i < cases.size(); ++i) {
      report.skip(fmt::format("{} {}", entry.path().stem().string(), i + 1),
                  "for implementers of the rule language: the hosts of the services that this "
                  "library calls are tables here");
    }
  }
}

}  // namespace

std::vector<Suite> aws_endpoint_suites() {
  return {{"aws-endpoints/services", run_services},
          {"aws-endpoints", run_configured},
          {"aws-endpoints/engine/test-cases", skip_engine}};
}

}  // namespace ek::conformance

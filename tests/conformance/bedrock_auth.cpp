// Bearer key or SigV4, and what either looks like on the wire.
#include <fmt/format.h>

#include "base/base64.hpp"
#include "base/iso_time.hpp"
#include "base/text.hpp"
#include "conformance/suite.hpp"
#include "signing/aws/identity.hpp"
#include "signing/aws/profile.hpp"
#include "signing/bearer.hpp"
#include "signing/environment_identity.hpp"
#include "signing/sigv4.hpp"
#include "signing/token_cache.hpp"
#include "support/test_environment.hpp"

namespace ek::conformance {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* example_secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

std::string text_or_empty(const json& object, const char* name) {
  return object.contains(name) ? object[name].get<std::string>() : "";
}

SigningScope bedrock_scope() {
  return {.aws_service = "bedrock",
          .aws_region = "us-east-1",
          .accepts_key = true,
          .service = "Bedrock"};
}

// Whom the environment makes of the case, with keys that its default chain finds.
std::shared_ptr<const Environment> environment_of(const json& given,
                                                  std::shared_ptr<test::ManualClock> clock) {
  test::World world;
  for (const auto& [name, value] : given["environment"].items())
    world.variables[name] = value.get<std::string>();
  if (given.value("default_chain_available", false)) {
    world.variables["AWS_ACCESS_KEY_ID"] = "AKIDDEFAULT";
    world.variables["AWS_SECRET_ACCESS_KEY"] = example_secret;
  }
  world.variables["AWS_CONFIG_FILE"] = "/config";
  world.files["/config"] = fmt::format(
      "[profile fixture-profile]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = {}\n",
      example_secret);
  return test::make_environment(std::move(clock), std::move(world));
}

std::shared_ptr<const Identity> identity_of(const json& chosen) {
  if (chosen.contains("bearer"))
    return make_key_identity(Secret(chosen["bearer"].get<std::string>()));
  if (chosen.contains("aws")) {
    return make_aws_identity(
        {.access_key_id = chosen["aws"]["access_key_id"],
         .secret_access_key = Secret(chosen["aws"]["secret_access_key"].get<std::string>())});
  }
  if (chosen.contains("profile")) return make_aws_profile_identity(chosen["profile"], {});
  return make_environment_identity();
}

// What the key id in a signature says about where the keys are from.
std::string key_id_of(const std::string& source) {
  if (source == "static") return "AKIDEXAMPLE";
  return source == "profile" ? "AKIDPROFILE" : "AKIDDEFAULT";
}

void run_selection(const json& test, Report& report) {
  const std::string name = test["id"];
  const json& given = test["given"];
  if (test["expected"].contains("error")) {
    return report.skip(name, "a Credentials value is one identity: two cannot be given at once");
  }
  const auto environment = environment_of(given, std::make_shared<test::ManualClock>());
  const SigningServices services{.environment = environment, .tokens = make_token_cache()};
  const auto signer = identity_of(given["explicit"])->signer_for(bedrock_scope(), services);
  if (!signer) return report.fail(name, signer.error().message);
  const auto headers = (*signer)->sign({.url = "https://bedrock.example/"}, {});
  if (!headers) return report.fail(name, headers.error().message);
  const std::string proof = headers->back().value;
  const bool bearer = test["expected"]["auth_mode"] == "bearer";
  const json& variables = given["environment"];
  const std::string origin = test["expected"]["auth_source"];
  const std::string wanted = !bearer ? "AWS4-HMAC-SHA256 Credential=" + key_id_of(origin)
                             : origin == "explicit"
                                 ? "Bearer " + given["explicit"]["bearer"].get<std::string>()
                                 : "Bearer " + text_or_empty(variables, "AWS_BEARER_TOKEN_BEDROCK");
  proof.starts_with(wanted) ? report.pass(name)
                            : report.fail(name, fmt::format("{} is not {}", proof, wanted));
}

struct Wanted {
  std::string payload_hash, canonical_hash, authorization;
};

void run_signature(const std::string& name, const HttpRequest& request, const AwsKeys& keys,
                   const std::string& service, const std::string& region, const std::string& time,
                   const Wanted& wanted, Report& report) {
  Sha256 sha;
  const auto at = parse_iso_time(time);
  const auto to_sign = sigv4_request(request);
  if (!at || !to_sign) return report.fail(name, "the case cannot be read");
  const auto trace = sign_sigv4(sha, *to_sign, make_sigv4_context(sha, keys, region, service, *at),
                                {.content_hash_header = true, .signs = is_stable_header});
  const std::string hash = to_hex(view(sha.hash(trace.canonical_request)));
  if (trace.payload_hash != wanted.payload_hash)
    return report.fail(name, "payload hash " + trace.payload_hash);
  if (hash != wanted.canonical_hash) return report.fail(name, trace.canonical_request);
  const std::string& authorization = trace.headers.back().value;
  authorization == wanted.authorization ? report.pass(name) : report.fail(name, authorization);
}

void run_sigv4(const json& test, Report& report) {
  const json &given = test["given"], &expected = test["expected"];
  HttpRequest request{
      .method = given["request"]["method"],
      .url = given["request"]["url"],
      .body = base64_decode(given["request"]["body_base64"].get<std::string>()).value()};
  for (const auto& [name, value] : given["request"]["headers"].items())
    request.headers.push_back({name, value.get<std::string>()});
  run_signature(
      test["id"], request,
      {.access_key_id = given["credentials"]["access_key_id"],
       .secret_access_key = Secret(given["credentials"]["secret_access_key"].get<std::string>()),
       .session_token = Secret(text_or_empty(given["credentials"], "session_token"))},
      given["signing"]["service"], given["signing"]["region"], given["signing"]["timestamp"],
      {expected["payload_sha256"], expected["canonical_request_sha256"],
       expected["headers"]["authorization"]},
      report);
}

// Keys and date change between two attempts; the signature follows, the body stays.
void run_retry(const json& test, Report& report) {
  const json &given = test["given"], &expected = test["expected"];
  const auto clock = std::make_shared<test::ManualClock>();
  std::size_t asked = 0;
  const AwsKeySource source{
      .get = [&](const SignContext&) -> Result<std::shared_ptr<const AwsKeys>> {
        return std::make_shared<const AwsKeys>(
            AwsKeys{.access_key_id = given["access_key_ids"].at(asked++).get<std::string>(),
                    .secret_access_key = Secret(example_secret)});
      }};
  const auto signer = make_sigv4_signer(source, bedrock_scope(), test::make_environment(clock));
  for (std::size_t i = 0; i < given["timestamps"].size(); ++i) {
    clock->set_wall(*parse_iso_time(given["timestamps"][i].get<std::string>()));
    const auto headers = signer->sign({.url = "https://bedrock.example/"}, {}).value();
    const HttpHead head{.headers = headers};
    const std::string id = given["access_key_ids"][i];
    if (head.header("x-amz-date") != expected["x_amz_dates"][i].get<std::string>() ||
        head.header("authorization").find("Credential=" + id + '/') == std::string::npos) {
      return report.fail(test["id"], fmt::format("attempt {}", i + 1));
    }
  }
  asked == expected["credential_provider_calls"] ? report.pass(test["id"])
                                                 : report.fail(test["id"], "keys were kept");
}

void run_redaction(const json& test, Report& report) {
  Sha256 sha;
  const HttpRequest request{.url = "https://bedrock.example/"};
  const AwsKeys keys{.access_key_id = "AKIDEXAMPLE",
                     .secret_access_key = Secret(example_secret),
                     .session_token = Secret("fixture-session-token")};
  const auto trace = sign_sigv4(sha, sigv4_request(request).value(),
                                make_sigv4_context(sha, keys, "us-east-1", "bedrock", {}));
  for (const Header& header : trace.headers) {
    const bool hidden = test["expected"]["headers"].value(header.name, "") == "<redacted>";
    if (hidden != header.sensitive) return report.fail(test["id"], header.name);
  }
  report.pass(test["id"]);
}

void run_case(const json& test, Report& report) {
  const std::string kind = test["kind"], name = test["id"];
  if (kind == "auth_selection") return run_selection(test, report);
  if (kind == "sigv4") return run_sigv4(test, report);
  if (kind == "retry_signing") return run_retry(test, report);
  if (kind == "redaction") return run_redaction(test, report);
  report.skip(name, test["given"]["body_kind"] == "bytes"
                        ? "sending a body again is shown by the tests of calls, without a socket"
                        : "a request body is a text here: there are no bodies that can be read "
                          "only once");
}

void run(const fs::path& folder, Report& report) {
  const json cases = read_json(folder / "cases.json");
  for (const json& test : cases["cases"]) run_case(test, report);
  const json one = read_json(folder / "sigv4.json");
  const json &credentials = one["credentials"], &expected = one["expected"];
  run_signature(
      "sigv4.json",
      {.method = one["request"]["method"],
       .url = one["request"]["url"],
       .headers = {{"content-type", one["request"]["contentType"].get<std::string>()}},
       .body = one["request"]["body"]},
      {.access_key_id = credentials["accessKeyId"],
       .secret_access_key = Secret(credentials["secretAccessKey"].get<std::string>()),
       .session_token = Secret(credentials["sessionToken"].get<std::string>())},
      one["service"], one["region"], one["signingDate"],
      {expected["payloadHash"], expected["canonicalRequestHash"], expected["authorization"]},
      report);
}

}  // namespace

std::vector<Suite> bedrock_auth_suites() { return {{"bedrock-auth", run}}; }

}  // namespace ek::conformance

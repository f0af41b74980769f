// The azure-auth suite: tokens of Microsoft Entra, as Microsoft's libraries ask for and read them.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "base/uri.hpp"
#include "conformance/scripted_web.hpp"
#include "conformance/suite.hpp"
#include "signing/azure/authority.hpp"
#include "signing/azure/certificate.hpp"
#include "signing/azure/client_secret.hpp"
#include "signing/azure/clouds.hpp"
#include "signing/azure/entra.hpp"
#include "signing/azure/federated.hpp"
#include "signing/azure/managed_identity.hpp"
#include "signing/azure/token_reply.hpp"
#include "signing/crypto/sha1.hpp"
#include "signing/crypto/sha256.hpp"
#include "signing/jwt.hpp"

namespace ek::conformance {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::chrono::hours longest_life{24 * 366};  // what as_token() cuts to
constexpr const char* federated_token = "content of the token file";

using Pairs = std::multimap<std::string, std::string>;

Pairs pairs_in(const std::string& query) {
  Pairs out;
  const Uri uri = parse_uri("x://h?" + query).value();
  for (const auto& [name, value] : uri.query) out.emplace(name, value);
  return out;
}

Pairs pairs_in(const json& object) {
  Pairs out;
  for (const auto& [name, value] : object.items()) out.emplace(name, value.get<std::string>());
  return out;
}

std::string bare(std::string url) {
  url.resize(std::min(url.find('?'), url.size()));
  if (url.ends_with('/')) url.pop_back();
  return url;
}

std::string missing_header(const json& wanted, const HttpRequest& sent) {
  const json headers = wanted.value("headers", json::object());
  for (const auto& item : headers.items()) {
    const Header expected{item.key(), item.value().get<std::string>()};
    const bool found =
        std::any_of(sent.headers.begin(), sent.headers.end(), [&](const Header& header) {
          return iequals(header.name, expected.name) && header.value == expected.value;
        });
    if (!found) return "no header " + expected.name;
  }
  return "";
}

std::string check_assertion(const json& test, const ClientCertificate& certificate) {
  const std::string header = test["header_json"], payload = test["payload_json"];
  if (sign_jws(header, payload, certificate.key).value() != test["jwt"].get<std::string>())
    return "the signed token differs";
  const json claims = json::parse(payload);
  const std::string ours =
      assertion_claims(text_of(claims, "aud"), text_of(claims, "iss"), text_of(claims, "jti"),
                       sys_seconds(seconds(claims["nbf"].get<int>())));
  if (ours != payload) return "claims " + ours;
  const bool chain = json::parse(header).contains("x5c");
  const std::string own = assertion_header(certificate, {.rs256 = true, .send_chain = chain});
  // Older MSAL wrote fewer members in another order; both are the same to a reader.
  const bool older = !json::parse(header).contains("kid");
  return older || own == header ? "" : "header " + own;
}

void run_assertions(const std::filesystem::path& folder, Report& report) {
  const json suite = read_json(folder / "client-assertion.json");
  const auto certificate =
      parse_client_certificate(read_file(folder / text_of(suite, "certificate")) +
                                   read_file(folder / text_of(suite, "private_key")),
                               Secret());
  if (!certificate) return report.fail("client-assertion", certificate.error().message);
  const std::string& der = certificate->chain.at(0);
  const std::string thumbprint = sha1(der);
  const bool named = base64url_encode(thumbprint) == text_of(suite, "x5t") &&
                     iequals(to_hex(thumbprint), text_of(suite, "thumbprint_sha1_hex")) &&
                     base64url_encode(view(Sha256().hash(der))) == text_of(suite, "x5t#S256");
  report.tell("client-assertion/thumbprints", named ? "" : "a thumbprint differs");
  for (const json& test : suite["rs256"])
    report.tell("client-assertion/" + text_of(test, "id"), check_assertion(test, *certificate));
  const json newer = json::parse(assertion_header(*certificate, {}));
  const auto signature = certificate->key.sign_ps256("text").value();
  const bool good =
      newer == json({{"alg", "PS256"}, {"typ", "JWT"}, {"x5t#S256", text_of(suite, "x5t#S256")}}) &&
      certificate->key.public_key().verify_ps256("text", signature);
  report.tell("client-assertion/newer_msal", good ? "" : "header " + newer.dump());
}

Result<std::shared_ptr<Signer>> identity_of(const json& test, const std::filesystem::path& folder,
                                            const SigningScope& scope,
                                            const SigningServices& services) {
  const std::string id = test["id"], tenant = test["tenant_id"], client = test["client_id"];
  const std::string authority = test["authority_host"];
  if (id.starts_with("workload")) return make_workload_identity({})->signer_for(scope, services);
  if (id.starts_with("certificate")) {
    auto checked =
        check_certificate({.tenant_id = tenant,
                           .client_id = client,
                           .certificate = Secret(read_file(folder / "files/test-cert-and-key.pem")),
                           .authority_host = authority});
    if (!checked) return std::move(checked).error();
    return make_certificate_identity(*std::move(checked))->signer_for(scope, services);
  }
  auto checked = check_client_secret(
      {tenant, client, Secret(text_of(test["request"]["form"], "client_secret")), authority});
  if (!checked) return std::move(checked).error();
  return make_client_secret_identity(*std::move(checked))->signer_for(scope, services);
}

std::string check_form(const json& wanted, const HttpRequest& sent) {
  Pairs form = pairs_in(sent.body), expected = pairs_in(wanted["form"]);
  const auto assertion = form.find("client_assertion");
  const auto described = expected.find("client_assertion");
  if (assertion != form.end() && described != expected.end()) {
    const bool good = described->second == "<jwt>" ? parse_jwt(assertion->second).has_value()
                                                   : assertion->second == federated_token;
    if (!good) return "another client_assertion";
    form.erase(assertion);
    expected.erase(described);
  }
  return form == expected ? "" : "form " + json(form).dump();
}

std::string check_token_request(const json& test, const std::filesystem::path& folder) {
  const Bench bench({.variables = {{"AZURE_TENANT_ID", test["tenant_id"]},
                                   {"AZURE_CLIENT_ID", test["client_id"]},
                                   {"AZURE_AUTHORITY_HOST", test["authority_host"]},
                                   {"AZURE_FEDERATED_TOKEN_FILE", "/token"}},
                     .files = {{"/token", federated_token}}});
  bench.web->reply({.head = {.status = 200}, .body = R"({"access_token":"t","expires_in":3600})"});
  const SigningScope scope{.entra_scope = test["scopes"].at(0)};
  auto signer = identity_of(test, folder, scope, bench.services());
  if (!signer) return signer.error().message;
  auto signed_ = (*signer)->sign({.url = "https://localhost/"}, bench.context());
  if (!signed_) return signed_.error().message;
  const HttpRequest& sent = bench.web->requests().at(0);
  const json& wanted = test["request"];
  if (sent.method != text_of(wanted, "method")) return "method " + sent.method;
  if (sent.url != text_of(wanted, "url")) return "url " + sent.url;
  const std::string header = missing_header(wanted, sent);
  return header.empty() ? check_form(wanted, sent) : header;
}

std::string check_end(const json& expected, const std::string& token, sys_seconds end,
                      sys_seconds now) {
  if (token != text_of(expected, "token")) return "token " + token;
  const bool relative = expected.contains("expires_in_s");
  const auto wanted = expected[relative ? "expires_in_s" : "expires_at_epoch"].get<std::int64_t>();
  const auto got = relative ? (end - now).count() : end.time_since_epoch().count();
  return got == wanted ? "" : fmt::format("the end is {}", got);
}

std::string check_reply(const json& test) {
  const sys_seconds now = std::chrono::floor<seconds>(Bench().clock->now());
  const std::string body = test["body"];
  const auto reply = parse_entra_reply(body, now);
  const json& expected = test["expect"];
  if (!reply) return expected.contains("error") ? "" : reply.error().message;
  if (!expected.contains("error"))
    return check_end(expected, reply->access_token.reveal(), reply->expires, now);
  // The suite says: without any expiry, refusing and a short life are both acceptable.
  const bool no_end = body.find("expires_") == std::string::npos;
  return no_end && reply->expires <= now + std::chrono::minutes(5) ? "" : "was taken for good";
}

ManagedHostKind kind_of(const std::string& name) {
  static const std::map<std::string, ManagedHostKind> kinds = {
      {"service_fabric", ManagedHostKind::service_fabric},
      {"app_service", ManagedHostKind::app_service},
      {"app_service_2019", ManagedHostKind::app_service},
      {"app_service_2017", ManagedHostKind::machine_learning},  // one question, one kind
      {"machine_learning", ManagedHostKind::machine_learning},
      {"cloud_shell", ManagedHostKind::cloud_shell},
      {"azure_arc", ManagedHostKind::azure_arc},
      {"imds", ManagedHostKind::imds}};
  return kinds.at(name);
}

test::World world_of(const json& test) {
  test::World world;
  for (const auto& [name, value] : test["environment"].items()) world.variables[name] = value;
  world.files["/var/opt/azcmagent/tokens/foo.key"] = "SECRET";
  return world;
}

std::string check_exchange(const json& wanted, const std::vector<HttpRequest>& sent, bool fails) {
  // A failure that passes is tried again, which is more requests than the suite lists.
  const bool enough =
      fails && !wanted.empty() ? sent.size() >= wanted.size() : sent.size() == wanted.size();
  if (!enough) return fmt::format("{} requests", sent.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const json& one = wanted[i];
    if (sent[i].method != text_of(one, "method")) return "method " + sent[i].method;
    if (bare(sent[i].url) != bare(text_of(one, "url"))) return "url " + sent[i].url;
    const auto query = sent[i].url.find('?');
    if (pairs_in(query == std::string::npos ? "" : sent[i].url.substr(query + 1)) !=
        pairs_in(one["query"])) {
      return "query of " + sent[i].url;
    }
    if (pairs_in(sent[i].body) != pairs_in(one.value("form", json::object())))
      return "form " + sent[i].body;
    if (std::string why = missing_header(one, sent[i]); !why.empty()) return why;
  }
  return "";
}

bool is_fabric_without_tls(const json& test) {
  const json& variables = test["environment"];
  return test["kind"] == "service_fabric" &&
         !text_of(variables, "IDENTITY_ENDPOINT").starts_with("https:");
}

std::string check_managed_case(const json& test) {
  const Bench bench(world_of(test));
  for (const json& one : test["http"]) bench.web->reply(response_of(one["response"]));
  if (!test["http"].empty()) bench.web->repeat(response_of(test["http"].back()["response"]));
  const json id = test["identity"].is_object() ? test["identity"] : json::object();
  const auto token = fetch_managed_identity_token(
      managed_host(kind_of(test["kind"]), *bench.environment),
      {text_of(id, "client_id"), text_of(id, "object_id"), text_of(id, "resource_id")},
      {.scope = test["scopes"].at(0)}, bench.services(), bench.context());
  const json& expected = test["expect"];
  const bool fails = expected.contains("error");
  if (std::string why = check_exchange(test["http"], bench.web->requests(), fails); !why.empty())
    return why;
  if (token.has_value() == fails) return fails ? "no error" : token.error().message;
  if (fails) {
    return token.error().message.find(text_of(expected, "message_has")) != std::string::npos
               ? ""
               : token.error().message;
  }
  const auto life = expected.contains("expires_in_s")
                        ? seconds(expected["expires_in_s"].get<std::int64_t>())
                        : seconds(expected["expires_at_epoch"].get<std::int64_t>()) -
                              std::chrono::floor<seconds>(bench.clock->now()).time_since_epoch();
  if (token->value.reveal() != text_of(expected, "token")) return "another token";
  return token->lifetime == std::min<seconds>(life, longest_life)
             ? ""
             : fmt::format("life {}", token->lifetime.count());
}

void run_managed_identity(const std::filesystem::path& folder, Report& report) {
  const json suite = read_json(folder / "managed-identity.json");
  for (const json& test : suite["detection"]["cases"]) {
    const std::string kind = test["kind"];
    const auto found = detect_managed_host(*Bench(world_of(test)).environment);
    report.tell("managed-identity/detection/" + kind,
                found == kind_of(kind) ? "" : std::string(to_string(found)));
  }
  for (const json& test : suite["cases"]) {
    const std::string name = "managed-identity/" + text_of(test, "id");
    if (is_fabric_without_tls(test)) {
      report.skip(name,
                  "Service Fabric is known by its certificate: no secret goes there without TLS");
    } else {
      report.tell(name, check_managed_case(test));
    }
  }
}

std::string check_scopes(const json& test) {
  std::string joined;
  for (const json& scope : test["scopes"])
    joined += (joined.empty() ? "" : " ") + scope.get<std::string>();
  const bool as_resource = test["as_resource"];
  const std::string sent =
      percent_encode(as_resource ? resource_of(joined) : std::string_view(joined));
  std::string wanted;
  for (const char c : text_of(test, "encoded")) wanted += c == ' ' ? "%20" : std::string(1, c);
  return sent == wanted ? "" : sent;
}

std::string check_tenant_case(const json& test) {
  const auto allowed = test["additionally_allowed"].get<std::vector<std::string>>();
  const auto tenant =
      resolve_tenant(text_of(test, "configured"), text_of(test, "requested"), allowed,
                     text_of(test, "AZURE_IDENTITY_DISABLE_MULTITENANTAUTH"));
  if (!tenant) return test["expect"].contains("error") ? "" : tenant.error().message;
  return *tenant == text_of(test["expect"], "tenant") ? "" : *tenant;
}

std::string check_aliases(const json& entry) {
  const std::string preferred = text_of(entry, "preferred_network");
  for (const json& alias : entry["aliases"]) {
    const auto ours = preferred_authority(alias.get<std::string>());
    if (!ours || *ours != preferred) return "alias " + alias.get<std::string>();
  }
  return "";
}

std::string check_authority_case(const json& test) {
  const auto url = parse_authority_url(test["url"].get<std::string>());
  const json& expected = test["expect"];
  if (!url) return expected.contains("error") ? "" : url.error().message;
  const bool same =
      url->host == text_of(expected, "host") && url->tenant == text_of(expected, "tenant");
  return same ? "" : url->host + " " + url->tenant;
}

std::string check_refusal(const json& answer, const json& expected) {
  const Error error = entra_refusal(response_of(answer));
  const std::string number = fmt::format("AADSTS{}", expected["aadsts"].get<int>());
  if (error.provider_code != text_of(expected, "error")) return "code " + error.provider_code;
  if (error.reason != number) return "reason " + error.reason;
  if (error.retryable != expected.value("retryable", false)) return "retryable is wrong";
  if (error.message.find(text_of(expected, "correlation_id")) == std::string::npos)
    return "the correlation id is missing in: " + error.message;
  return "";
}

void run_authorities(const std::filesystem::path& folder, Report& report) {
  const json suite = read_json(folder / "authority.json");
  for (const json& entry : suite["instance_discovery_response"]["metadata"])
    report.tell("authority/" + text_of(entry, "preferred_network"), check_aliases(entry));
  for (const json& test : suite["canonicalize"])
    report.tell("authority/" + text_of(test, "url"), check_authority_case(test));
  report.tell("authority/instance_discovery_error",
              check_refusal(suite["instance_discovery_error"],
                            {{"error", "invalid_instance"},
                             {"aadsts", 50049},
                             {"correlation_id", "00000000-0000-0000-0000-000000000000"}}));
}

// Files that are a list of like cases. What has no id gets its place as its name.
template <class Check>
void run_cases(const std::filesystem::path& file, Report& report, Check check) {
  const json suite = read_json(file);
  const json& cases = suite["cases"];
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string id = cases[i].contains("id") ? text_of(cases[i], "id") : std::to_string(i);
    report.tell(file.stem().string() + "/" + id, check(cases[i]));
  }
}

void run(const std::filesystem::path& folder, Report& report) {
  run_assertions(folder, report);
  run_cases(folder / "token-requests.json", report,
            [&](const json& test) { return check_token_request(test, folder); });
  run_cases(folder / "token-response.json", report, check_reply);
  run_managed_identity(folder, report);
  run_cases(folder / "scope-format.json", report, check_scopes);
  run_cases(folder / "tenant-resolution.json", report, check_tenant_case);
  run_authorities(folder, report);
  run_cases(folder / "error-responses.json", report,
            [](const json& test) { return check_refusal(test, test["expect"]); });
}

}  // namespace

std::vector<Suite> azure_auth_suites() { return {{"azure-auth", run}}; }

}  // namespace ek::conformance

// Microsoft Entra's v2.0 token endpoint, for applications: the client credentials grant.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/jwt.hpp"
#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"
#include "tools/emulator/service.hpp"

namespace ek::emulator {
namespace {

using nlohmann::ordered_json;

constexpr auto resources = std::to_array<std::string_view>(
    {"https://ml.azure.com", "https://management.azure.com", "https://cognitiveservices.azure.com",
     "https://ai.azure.com", "https://vault.azure.net"});
constexpr std::string_view default_suffix = "/.default";

using Refusal = EntraRefusal;

std::string stamp_of(const Service& service) {
  return fmt::format("{:%Y-%m-%d %H:%M:%SZ}",
                     std::chrono::floor<std::chrono::seconds>(service.options.now()));
}

Reply refuse(const Service& service, const Refusal& refusal) {
  const std::string trace = random_uuid();
  const std::string correlation = random_uuid();
  const std::string time = stamp_of(service);
  const ordered_json body = {
      {"error", refusal.error},
      {"error_description",
       fmt::format("AADSTS{}: {} Trace ID: {} Correlation ID: {} Timestamp: {}", refusal.code,
                   refusal.text, trace, correlation, time)},
      {"error_codes", ordered_json::array({refusal.code})},
      {"timestamp", time},
      {"trace_id", trace},
      {"correlation_id", correlation},
      {"error_uri", fmt::format("https://login.microsoftonline.com/error?code={}", refusal.code)}};
  return {.status = refusal.status,
          .content_type = "application/json; charset=utf-8",
          .headers = {{"x-ms-request-id", trace}, {"Cache-Control", "no-store, no-cache"}},
          .body = to_text(body)};
}

std::optional<Refusal> refuse_client(Service& service, const Request& request,
                                     const std::string& tenant, const Form& form) {
  const EntraApplication& application = service.secrets.entra;
  if (tenant == "common" || tenant == "organizations") {
    return Refusal{400, "invalid_request", 50194,
                   "Application is not configured as a multi-tenant application. Usage of the "
                   "/common endpoint is not supported for such apps. Use a tenant-specific "
                   "endpoint."};
  }
  if (tenant != application.tenant_id) {
    return Refusal{400, "invalid_request", 90002,
                   fmt::format("Tenant '{}' not found. Check to make sure you have the correct "
                               "tenant ID and are signing into the correct cloud.",
                               printable(tenant))};
  }
  const std::string id(form.field("client_id"));
  if (id != application.client_id) {
    return Refusal{400, "unauthorized_client", 700016,
                   fmt::format("Application with identifier '{}' was not found in the directory "
                               "'Emulator'. This can happen if the application has not been "
                               "installed by the administrator of the tenant.",
                               printable(clip(id, 64)))};
  }
  if (!form.field("client_assertion").empty())
    return refuse_assertion(service, request, form.field("client_assertion"));
  if (Secret(std::string(form.field("client_secret"))) == application.client_secret) {
    return std::nullopt;
  }
  return Refusal{401, "invalid_client", 7000215,
                 fmt::format("Invalid client secret provided. Ensure the secret being sent in the "
                             "request is the client secret value, not the client secret ID, for a "
                             "secret added to app '{}'.",
                             application.client_id)};
}

std::optional<Refusal> refuse_scope(std::string_view scope) {
  const bool one = scope.find(' ') == std::string_view::npos;
  if (!one || !scope.ends_with(default_suffix)) {
    return Refusal{400, "invalid_scope", one ? 1002012 : 70011,
                   fmt::format("The provided value for the input parameter 'scope' is not valid. "
                               "Client credential flows must have a scope value with /.default "
                               "suffixed to the resource identifier. The scope {} is not valid.",
                               printable(clip(scope, 200)))};
  }
  const std::string_view resource = scope.substr(0, scope.size() - default_suffix.size());
  if (is_entra_resource(resource)) return std::nullopt;
  return Refusal{400, "invalid_resource", 500011,
                 fmt::format("The resource principal named {} was not found in the tenant named "
                             "Emulator.",
                             printable(clip(resource, 200)))};
}

std::optional<Refusal> refuse_form(const Form& form) {
  for (const char* name : {"grant_type", "client_id", "scope"}) {
    if (!form.field(name).empty()) continue;
    return Refusal{
        400, "invalid_request", 900144,
        fmt::format("The request body must contain the following parameter: '{}'.", name)};
  }
  if (form.field("grant_type") == "client_credentials") return std::nullopt;
  return Refusal{400, "unsupported_grant_type", 70003,
                 "The app requested an unsupported grant type."};
}

Reply issue(Service& service, std::string_view scope) {
  const auto lifetime = service.options.token_lifetime.count();
  const ordered_json body = {{"token_type", "Bearer"},
                             {"expires_in", lifetime},
                             {"ext_expires_in", lifetime},
                             {"access_token", issue_entra_token(service, scope)}};
  return {.content_type = "application/json; charset=utf-8",
          .headers = {{"Cache-Control", "no-store, no-cache"}},
          .body = to_text(body)};
}

std::string tenant_of(std::string_view path) {
  return percent_decode(path.substr(1, path.find('/', 1) - 1));
}

}  // namespace

// "https://x.com//.default" asks for the audience "https://x.com/".
bool is_entra_resource(std::string_view resource) {
  if (resource.ends_with('/')) resource.remove_suffix(1);
  return std::find(resources.begin(), resources.end(), resource) != resources.end();
}

std::string issue_entra_token(Service& service, std::string_view scope) {
  const EntraApplication& application = service.secrets.entra;
  const auto now = service.options.now();
  const auto expiry = now + service.options.token_lifetime;
  const auto seconds = [](auto time) { return std::chrono::system_clock::to_time_t(time); };
  const ordered_json claims = {{"aud", scope.substr(0, scope.size() - default_suffix.size())},
                               {"iss", "https://sts.windows.net/" + application.tenant_id + "/"},
                               {"iat", seconds(now)},
                               {"nbf", seconds(now)},
                               {"exp", seconds(expiry)},
                               {"appid", application.client_id},
                               {"oid", application.object_id},
                               {"tid", application.tenant_id},
                               {"uti", random_uuid()},
                               {"ver", "1.0"}};
  const GoogleAccount& signer = service.secrets.google;
  const auto token = make_jwt(signer.key_id, to_text(claims), signer.key);
  if (!token) return {};
  service.entra_tokens.add(*token, {.scope = std::string(scope), .expiry = expiry});
  ++service.stats.entra_tokens;
  return *token;
}

// Microsoft's libraries ask for it before the first token, over TLS only: a proxy that ends TLS in
// front of the emulator says so in X-Forwarded-Proto.
Reply serve_entra_metadata(Service& service, const Request& request) {
  const std::string tenant = tenant_of(request.path);
  if (tenant != service.secrets.entra.tenant_id) {
    return refuse(service, {400, "invalid_tenant", 90002,
                            fmt::format("Tenant '{}' not found.", printable(tenant))});
  }
  const bool tls = request.header("X-Forwarded-Proto") == "https";
  const std::string base =
      fmt::format("{}://{}/{}", tls ? "https" : "http", request.header("Host"), tenant);
  const ordered_json body = {{"token_endpoint", base + "/oauth2/v2.0/token"},
                             {"token_endpoint_auth_methods_supported", {"client_secret_post"}},
                             {"issuer", base + "/v2.0"},
                             {"authorization_endpoint", base + "/oauth2/v2.0/authorize"},
                             {"jwks_uri", base + "/discovery/v2.0/keys"},
                             {"response_types_supported", {"code"}},
                             {"subject_types_supported", {"pairwise"}},
                             {"id_token_signing_alg_values_supported", {"RS256"}},
                             {"tenant_region_scope", "EU"}};
  return {.content_type = "application/json; charset=utf-8", .body = to_text(body)};
}

Reply serve_entra(Service& service, const Request& request) {
  const std::string tenant = tenant_of(request.path);
  const Form form(request.body);
  auto no = refuse_form(form);
  if (!no) no = refuse_client(service, request, tenant, form);
  if (!no) no = refuse_scope(form.field("scope"));
  if (no) return refuse(service, *no);
  return issue(service, form.field("scope"));
}

}  // namespace ek::emulator

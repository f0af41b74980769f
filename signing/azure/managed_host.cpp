#include "signing/azure/managed_host.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/azure/clouds.hpp"
#include "signing/azure/invalid.hpp"
#include "signing/chain.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

using Kind = ManagedHostKind;

constexpr std::string_view imds_host = "http://169.254.169.254";
constexpr std::string_view token_path = "/metadata/identity/oauth2/token";
constexpr std::string_view arc_endpoint = "http://127.0.0.1:40342/metadata/identity/oauth2/token";
// Arc's agent sets no variables outside login shells. Where it is not, this reads nothing.
constexpr std::string_view arc_agent = "/opt/azcmagent/bin/himds";

std::string value(const Environment& environment, std::string_view name) {
  return variable(environment, name).value_or("");
}

bool is_set(const Environment& environment, std::string_view name) {
  return variable(environment, name).has_value();
}

// The names of the query by which a host lets one choose; "" for what it does not know.
struct Selectors {
  std::string_view client_id, object_id, resource_id;
};
Selectors selectors_of(const ManagedHost& host) noexcept {
  switch (host.kind) {
    case Kind::app_service:
      return {"client_id", "principal_id", "mi_res_id"};
    case Kind::machine_learning:
      if (!host.default_client_id.empty()) return {"clientid", "", ""};
      return {"clientid", "principal_id", "mi_res_id"};
    case Kind::imds:
      return {"client_id", "object_id", "msi_res_id"};
    case Kind::service_fabric:
    case Kind::cloud_shell:
    case Kind::azure_arc:
      break;
  }
  return {};
}

Result<std::string> selection(const ManagedHost& host, const AzureManagedIdentity& identity) {
  const Selectors names = selectors_of(host);
  const std::pair<std::string_view, std::string_view> choices[] = {
      {names.client_id, identity.client_id},
      {names.object_id, identity.object_id},
      {names.resource_id, identity.resource_id}};
  for (const auto& [name, chosen] : choices) {
    if (chosen.empty()) continue;
    if (!name.empty()) return fmt::format("&{}={}", name, percent_encode(chosen));
    return credentials_error(fmt::format(
        "{} does not give user-assigned identities that are named so: name none, or run the "
        "program where they can be chosen",
        to_string(host.kind)));
  }
  if (host.kind == Kind::machine_learning && !host.default_client_id.empty())
    return fmt::format("&clientid={}", percent_encode(host.default_client_id));
  return std::string();
}

std::string_view version_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::service_fabric:
      return "2019-07-01-preview";
    case Kind::app_service:
      return "2019-08-01";
    case Kind::machine_learning:
      return "2017-09-01";
    case Kind::azure_arc:
      return "2019-11-01";
    case Kind::imds:
      return "2018-02-01";
    case Kind::cloud_shell:
      break;
  }
  return "";
}

std::vector<Header> headers_of(const ManagedHost& host) {
  switch (host.kind) {
    case Kind::service_fabric:
      return {{"secret", host.secret.reveal(), true}};
    case Kind::app_service:
      return {{"x-identity-header", host.secret.reveal(), true}};
    case Kind::machine_learning:
      return {{"secret", host.secret.reveal(), true}, {"metadata", "true"}};
    default:
      return {{"metadata", "true"}};
  }
}

// Where Arc's agent puts its keys; Windows' agent under %ProgramData%.
bool is_arc_directory(std::string_view directory, const Environment& environment) {
  if (directory == "/var/opt/azcmagent/tokens/") return true;
  const auto data = variable(environment, "ProgramData");
  return data && iequals(directory, *data + "\\AzureConnectedMachineAgent\\Tokens\\");
}

}  // namespace

std::string_view to_string(ManagedHostKind kind) noexcept {
  switch (kind) {
    case Kind::service_fabric:
      return "Service Fabric";
    case Kind::app_service:
      return "App Service";
    case Kind::machine_learning:
      return "Azure ML";
    case Kind::cloud_shell:
      return "Cloud Shell";
    case Kind::azure_arc:
      return "Azure Arc";
    case Kind::imds:
      break;
  }
  return "the instance metadata service";
}

ManagedHostKind detect_managed_host(const Environment& environment) {
  const bool endpoint = is_set(environment, "IDENTITY_ENDPOINT");
  if (endpoint && is_set(environment, "IDENTITY_HEADER")) {
    return is_set(environment, "IDENTITY_SERVER_THUMBPRINT") ? Kind::service_fabric
                                                             : Kind::app_service;
  }
  if (is_set(environment, "MSI_ENDPOINT"))
    return is_set(environment, "MSI_SECRET") ? Kind::machine_learning : Kind::cloud_shell;
  if (endpoint && is_set(environment, "IMDS_ENDPOINT")) return Kind::azure_arc;
  if (environment.read_file(std::string(arc_agent))) return Kind::azure_arc;
  return Kind::imds;
}

ManagedHost managed_host(ManagedHostKind kind, const Environment& environment) {
  ManagedHost host{.kind = kind};
  switch (kind) {
    case Kind::service_fabric:
      host.thumbprint = value(environment, "IDENTITY_SERVER_THUMBPRINT");
      [[fallthrough]];
    case Kind::app_service:
      host.endpoint = value(environment, "IDENTITY_ENDPOINT");
      host.secret = Secret(value(environment, "IDENTITY_HEADER"));
      break;
    case Kind::machine_learning:
      host.endpoint = value(environment, "MSI_ENDPOINT");
      host.secret = Secret(value(environment, "MSI_SECRET"));
      host.default_client_id = value(environment, "DEFAULT_IDENTITY_CLIENT_ID");
      break;
    case Kind::cloud_shell:
      host.endpoint = value(environment, "MSI_ENDPOINT");
      break;
    case Kind::azure_arc:
      host.endpoint =
          variable(environment, "IDENTITY_ENDPOINT").value_or(std::string(arc_endpoint));
      break;
    case Kind::imds:
      host.endpoint = variable(environment, "AZURE_POD_IDENTITY_AUTHORITY_HOST")
                          .value_or(std::string(imds_host));
      if (host.endpoint.ends_with('/')) host.endpoint.pop_back();
      host.endpoint += token_path;
      break;
  }
  return host;
}

Result<AzureManagedIdentity> check_managed_identity(AzureManagedIdentity identity) {
  const int named =
      !identity.client_id.empty() + !identity.object_id.empty() + !identity.resource_id.empty();
  if (named > 1)
    return invalid_identity("name a managed identity by one id: client, object or resource");
  return identity;
}

Result<HttpRequest> managed_identity_request(const ManagedHost& host,
                                             const AzureManagedIdentity& identity,
                                             std::string_view scope) {
  const auto uri = parse_uri(host.endpoint);
  if (!uri || (uri->scheme != "http" && uri->scheme != "https")) {
    return credentials_error(
        fmt::format("expected the URL of {}'s token service in the environment, got no URL",
                    to_string(host.kind)));
  }
  if (!host.thumbprint.empty() && uri->scheme != "https") {
    return credentials_error(
        "IDENTITY_SERVER_THUMBPRINT is set, but IDENTITY_ENDPOINT is no https URL: Service "
        "Fabric's secret is sent only to the host with that certificate");
  }
  auto chosen = selection(host, identity);
  if (!chosen) return std::move(chosen).error();
  const std::string resource = percent_encode(resource_of(scope));
  HttpRequest request{.method = "GET", .url = host.endpoint, .headers = headers_of(host)};
  if (host.kind == Kind::cloud_shell) {
    request.method = "POST";
    request.headers.push_back({"content-type", "application/x-www-form-urlencoded"});
    request.body = "resource=" + resource;
    return request;
  }
  request.url += fmt::format("{}api-version={}&resource={}{}", uri->query.empty() ? '?' : '&',
                             version_of(host.kind), resource, *chosen);
  return request;
}

Result<std::string> arc_key_path(const HttpResponse& answer, const Environment& environment) {
  if (answer.head.status != 401) {
    return credentials_error(fmt::format(
        "expected HTTP 401 and the name of a key file from Azure Arc's agent, got HTTP {}",
        answer.head.status));
  }
  const std::string_view challenge = answer.head.header("www-authenticate");
  constexpr std::string_view prefix = "Basic realm=";
  if (challenge.empty())
    return credentials_error("Azure Arc's agent named no key file (no WWW-Authenticate header)");
  const std::string_view path = challenge.substr(std::min(prefix.size(), challenge.size()));
  if (!iequals(challenge.substr(0, prefix.size()), prefix) ||
      path.find('=') != std::string_view::npos) {
    return credentials_error(
        "expected \"Basic realm=FILE\" from Azure Arc's agent, got another challenge");
  }
  const auto slash = path.find_last_of("/\\");
  const std::string_view directory =
      path.substr(0, slash == std::string_view::npos ? 0 : slash + 1);
  if (!is_arc_directory(directory, environment)) {
    return credentials_error(
        "Azure Arc's agent names a key file outside its own directory; it is not read");
  }
  if (!path.ends_with(".key"))
    return credentials_error("Azure Arc's agent names a file that is no *.key; it is not read");
  return std::string(path);
}

}  // namespace ek

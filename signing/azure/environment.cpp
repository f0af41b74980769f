#include "signing/azure/environment.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/text.hpp"
#include "signing/azure/certificate.hpp"
#include "signing/azure/client_secret.hpp"
#include "signing/azure/federated.hpp"
#include "signing/azure/selection.hpp"
#include "signing/bearer.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

constexpr std::array<std::string_view, 1> key_variables = {"AZUREML_ENDPOINT_API_KEY"};
constexpr std::array<std::string_view, 3> secret_variables = {"AZURE_TENANT_ID", "AZURE_CLIENT_ID",
                                                              "AZURE_CLIENT_SECRET"};
constexpr std::array<std::string_view, 3> certificate_variables = {
    "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_CERTIFICATE_PATH"};
constexpr std::array<std::string_view, 3> federation_variables = {
    "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"};
constexpr ChainMember environment_member{.name = "EnvironmentCredential"};
constexpr ChainMember workload_member{.name = "WorkloadIdentityCredential"};

using Found = Result<std::shared_ptr<Signer>>;

Found find_key(const SigningScope& scope, const SigningServices& services, const SignContext&,
               std::string& why_not) {
  auto key = variable(*services.environment, key_variables[0]);
  if (!key || !scope.accepts_key) {
    why_not = key ? "this endpoint takes no key" : fmt::format("{} is not set", key_variables[0]);
    return std::shared_ptr<Signer>();
  }
  return make_key_signer(Secret(*std::move(key)), fmt::format("from {}", key_variables[0]));
}

struct Application {
  std::string tenant_id{}, client_id{};
  std::string proof{};  // secret, or path
};

// Tenant, client and what proves them. None with `why_not` if the proof, the third of `names`, is
// not set; an error if only that is.
Result<std::optional<Application>> application_in(const Environment& environment,
                                                  std::span<const std::string_view, 3> names,
                                                  std::string& why_not) {
  auto proof = variable(environment, names[2]);
  if (!proof) {
    why_not = fmt::format("{} is not set", names[2]);
    return std::optional<Application>();
  }
  auto tenant = variable(environment, names[0]);
  auto client = variable(environment, names[1]);
  if (!tenant || !client) {
    return credentials_error(
        fmt::format("{} is set, but {} is not: set all three", names[2], names[tenant ? 1 : 0]));
  }
  return std::optional(Application{*std::move(tenant), *std::move(client), *std::move(proof)});
}

std::string authority_in(const Environment& environment) {
  return variable(environment, "AZURE_AUTHORITY_HOST").value_or("");
}

Error in_variables(const Error& error) {
  return credentials_error("in AZURE_… variables: " + error.message);
}

Found find_client_secret(const SigningScope& scope, const SigningServices& services,
                         const SignContext&, std::string& why_not) {
  const Environment& environment = *services.environment;
  auto part = part_in_chain(environment_member, scope, environment, why_not);
  if (!part) return std::move(part).error();
  if (*part == ChainPart::none) return std::shared_ptr<Signer>();
  auto found = application_in(environment, secret_variables, why_not);
  if (!found) return std::move(found).error();
  if (!*found) return std::shared_ptr<Signer>();
  auto checked = check_client_secret({.tenant_id = std::move((*found)->tenant_id),
                                      .client_id = std::move((*found)->client_id),
                                      .client_secret = Secret(std::move((*found)->proof)),
                                      .authority_host = authority_in(environment)});
  if (!checked) return in_variables(checked.error());
  return make_entra_signer(client_secret_method(*std::move(checked)), scope, services);
}

Found find_certificate(const SigningScope& scope, const SigningServices& services,
                       const SignContext&, std::string& why_not) {
  const Environment& environment = *services.environment;
  auto part = part_in_chain(environment_member, scope, environment, why_not);
  if (!part) return std::move(part).error();
  if (*part == ChainPart::none) return std::shared_ptr<Signer>();
  auto found = application_in(environment, certificate_variables, why_not);
  if (!found) return std::move(found).error();
  if (!*found) return std::shared_ptr<Signer>();
  const auto chain = variable(environment, "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN").value_or("");
  auto checked = check_certificate(
      {.tenant_id = std::move((*found)->tenant_id),
       .client_id = std::move((*found)->client_id),
       .certificate_path = std::move((*found)->proof),
       .password = Secret(variable(environment, "AZURE_CLIENT_CERTIFICATE_PASSWORD").value_or("")),
       .send_chain = chain == "1" || iequals(chain, "true"),
       .authority_host = authority_in(environment)});
  if (!checked) return in_variables(checked.error());
  return make_entra_signer(certificate_method(*std::move(checked)), scope, services);
}

Found find_workload_identity(const SigningScope& scope, const SigningServices& services,
                             const SignContext&, std::string& why_not) {
  const Environment& environment = *services.environment;
  auto part = part_in_chain(workload_member, scope, environment, why_not);
  if (!part) return std::move(part).error();
  if (*part == ChainPart::none) return std::shared_ptr<Signer>();
  auto found = application_in(environment, federation_variables, why_not);
  if (!found) return std::move(found).error();
  if (!*found) return std::shared_ptr<Signer>();
  auto method = workload_identity_method({}, environment);
  if (!method) return in_variables(method.error());
  return make_entra_signer(*std::move(method), scope, services);
}

}  // namespace

CredentialSource azure_key_source() {
  return {.name = "endpoint key", .variables = key_variables, .find = find_key};
}

CredentialSource azure_client_secret_source() {
  return {.name = "client secret", .variables = secret_variables, .find = find_client_secret};
}

CredentialSource azure_certificate_source() {
  return {.name = "certificate", .variables = certificate_variables, .find = find_certificate};
}

CredentialSource azure_workload_identity_source() {
  return {.name = "workload identity",
          .variables = federation_variables,
          .find = find_workload_identity};
}

}  // namespace ek

#include "signing/azure/environment.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "signing/azure/client_secret.hpp"
#include "signing/bearer.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

constexpr std::array<std::string_view, 1> key_variables = {"AZUREML_ENDPOINT_API_KEY"};
constexpr std::array<std::string_view, 3> secret_variables = {"AZURE_TENANT_ID", "AZURE_CLIENT_ID",
                                                              "AZURE_CLIENT_SECRET"};

Result<std::shared_ptr<Signer>> find_key(const SigningScope& scope, const SigningServices& services,
                                         const SignContext&, std::string& why_not) {
  auto key = variable(*services.environment, key_variables[0]);
  if (!key || !scope.accepts_key) {
    why_not = key ? "this endpoint takes no key" : fmt::format("{} is not set", key_variables[0]);
    return std::shared_ptr<Signer>();
  }
  return make_key_signer(Secret(*std::move(key)), fmt::format("from {}", key_variables[0]));
}

Result<std::shared_ptr<Signer>> find_client_secret(const SigningScope& scope,
                                                   const SigningServices& services,
                                                   const SignContext&, std::string& why_not) {
  auto tenant = variable(*services.environment, secret_variables[0]);
  auto client = variable(*services.environment, secret_variables[1]);
  auto secret = variable(*services.environment, secret_variables[2]);
  if (!secret || scope.entra_scope.empty()) {
    why_not = secret ? "no Entra scope is known for this endpoint"
                     : fmt::format("{} is not set", secret_variables[2]);
    return std::shared_ptr<Signer>();
  }
  if (!tenant || !client) {
    return credentials_error(fmt::format("{} is set, but {} is not: set all three",
                                         secret_variables[2], secret_variables[tenant ? 1 : 0]));
  }
  AzureClientSecret application{.tenant_id = *std::move(tenant),
                                .client_id = *std::move(client),
                                .client_secret = Secret(*std::move(secret))};
  if (auto authority = variable(*services.environment, "AZURE_AUTHORITY_HOST"))
    application.authority_host = *std::move(authority);
  auto checked = check_client_secret(std::move(application));
  if (!checked) return credentials_error("in AZURE_… variables: " + checked.error().message);
  return make_client_secret_identity(*std::move(checked))->signer_for(scope, services);
}

}  // namespace

CredentialSource azure_key_source() {
  return {.name = "endpoint key", .variables = key_variables, .find = find_key};
}

CredentialSource azure_client_secret_source() {
  return {.name = "client secret", .variables = secret_variables, .find = find_client_secret};
}

}  // namespace ek

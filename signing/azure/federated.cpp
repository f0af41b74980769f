#include "signing/azure/federated.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "signing/azure/entra.hpp"
#include "signing/azure/invalid.hpp"
#include "signing/chain.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

Result<void> fill(std::string& member, std::string_view what, std::string_view name,
                  const Environment& environment) {
  if (!member.empty()) return {};
  auto value = variable(environment, name);
  if (!value) return invalid_identity(fmt::format("give the {}, or set {}", what, name));
  member = *std::move(value);
  return {};
}

Result<EntraProof> read_token(const std::string& path, const Environment& environment) {
  auto text = environment.read_file(path);
  if (!text) return std::move(text).error();
  const Secret whole(*std::move(text));
  Secret token{std::string(trim(whole.reveal()))};
  if (token.empty()) {
    return credentials_error(
        fmt::format("expected a federated token in \"{}\", but the file is empty", path));
  }
  return EntraProof{.value = std::move(token)};
}

}  // namespace

Result<AzureFederated> check_federated(AzureFederated application) {
  auto checked = check_application({.tenant_id = application.tenant_id,
                                    .client_id = application.client_id,
                                    .authority_host = application.authority_host});
  if (!checked) return std::move(checked).error();
  if (!application.assertion) return invalid_identity("give a function that gets the assertion");
  application.authority_host = std::move(checked->authority_host);
  return application;
}

std::shared_ptr<const Identity> make_federated_identity(AzureFederated application) {
  EntraApplication who{.tenant_id = std::move(application.tenant_id),
                       .client_id = std::move(application.client_id),
                       .authority_host = std::move(application.authority_host)};
  return make_entra_identity(
      "an Azure application",
      application_method(std::move(who), "federation",
                         [get = std::move(application.assertion)](
                             const std::string&, const Environment&) -> Result<EntraProof> {
                           auto assertion = get();
                           if (!assertion) return std::move(assertion).error();
                           return EntraProof{.value = *std::move(assertion)};
                         }));
}

Result<EntraMethod> workload_identity_method(AzureWorkloadIdentity identity,
                                             const Environment& environment) {
  for (auto&& [member, what, name] :
       {std::tuple{&identity.tenant_id, "tenant id", "AZURE_TENANT_ID"},
        std::tuple{&identity.client_id, "client id", "AZURE_CLIENT_ID"},
        std::tuple{&identity.token_file, "token file", "AZURE_FEDERATED_TOKEN_FILE"}}) {
    if (auto good = fill(*member, what, name, environment); !good) return std::move(good).error();
  }
  if (identity.authority_host.empty())
    identity.authority_host = variable(environment, "AZURE_AUTHORITY_HOST").value_or("");
  auto who = check_application({.tenant_id = std::move(identity.tenant_id),
                                .client_id = std::move(identity.client_id),
                                .authority_host = std::move(identity.authority_host)});
  if (!who) return std::move(who).error();
  return application_method(
      *std::move(who), "federation " + identity.token_file,
      [path = identity.token_file](const std::string&, const Environment& world) {
        return read_token(path, world);
      });
}

std::shared_ptr<const Identity> make_workload_identity(AzureWorkloadIdentity identity) {
  return make_entra_identity("an Azure workload identity", "Azure workload identity",
                             [identity = std::move(identity)](const Environment& environment) {
                               return workload_identity_method(identity, environment);
                             });
}

}  // namespace ek

#include "signing/azure/chain.hpp"

#include <array>

#include "signing/azure/environment.hpp"
#include "signing/azure/surroundings.hpp"
#include "signing/bearer.hpp"

namespace ek {
namespace {

class AzureDefaultIdentity final : public Identity {
 public:
  Result<std::shared_ptr<Signer>> signer_for(const SigningScope& scope,
                                             const SigningServices& services) const override {
    if (scope.entra_scope.empty() && !scope.accepts_key)
      return cannot_serve("an Azure identity", scope);
    return make_chain_signer(azure_chain(), scope, services);
  }
  [[nodiscard]] std::string describe() const override { return "default Azure credentials"; }
};

}  // namespace

CredentialChain azure_chain() {
  static const std::array sources = {azure_key_source(),
                                     azure_client_secret_source(),
                                     azure_certificate_source(),
                                     azure_workload_identity_source(),
                                     azure_managed_identity_source(),
                                     azure_cli_source(),
                                     azure_power_shell_source(),
                                     azure_developer_cli_source()};
  return {.kind = "Azure credentials",
          .sources = sources,
          .advice =
              "Set the endpoint's key or all three of the application, sign in with `az login`, or "
              "give an identity with Credentials::bearer or one of Credentials::azure_…"};
}

std::shared_ptr<const Identity> make_azure_default_identity() {
  return std::make_shared<AzureDefaultIdentity>();
}

}  // namespace ek

#include "signing/environment_identity.hpp"

#include "signing/aws/chain.hpp"
#include "signing/azure/chain.hpp"
#include "signing/bearer.hpp"
#include "signing/chain.hpp"
#include "signing/google/chain.hpp"

namespace ek {
namespace {

class EnvironmentIdentity final : public Identity {
 public:
  Result<std::shared_ptr<Signer>> signer_for(const SigningScope& scope,
                                             const SigningServices& services) const override {
    if (!scope.aws_service.empty()) return make_chain_signer(aws_chain(), scope, services);
    if (!scope.google_scope.empty()) return make_chain_signer(google_chain(), scope, services);
    if (!scope.entra_scope.empty() || scope.accepts_key)
      return make_chain_signer(azure_chain(), scope, services);
    return cannot_serve("the environment", scope);
  }
  [[nodiscard]] std::string describe() const override { return "credentials from the environment"; }
};

}  // namespace

std::shared_ptr<const Identity> make_environment_identity() {
  return std::make_shared<EnvironmentIdentity>();
}

}  // namespace ek

#include "signing/azure/client_secret.hpp"

#include <utility>

#include "signing/azure/entra.hpp"
#include "signing/azure/invalid.hpp"

namespace ek {

Result<AzureClientSecret> check_client_secret(AzureClientSecret application) {
  auto checked = check_application({.tenant_id = application.tenant_id,
                                    .client_id = application.client_id,
                                    .authority_host = application.authority_host});
  if (!checked) return std::move(checked).error();
  if (application.client_secret.empty()) return invalid_identity("the client secret is empty");
  application.authority_host = std::move(checked->authority_host);
  return application;
}

EntraMethod client_secret_method(AzureClientSecret application) {
  return application_method({.tenant_id = std::move(application.tenant_id),
                             .client_id = std::move(application.client_id),
                             .authority_host = std::move(application.authority_host)},
                            "secret",
                            [secret = std::move(application.client_secret)](
                                const std::string&, const Environment&) -> Result<EntraProof> {
                              return EntraProof{.value = secret, .is_assertion = false};
                            });
}

std::shared_ptr<const Identity> make_client_secret_identity(AzureClientSecret application) {
  return make_entra_identity("an Azure application", client_secret_method(std::move(application)));
}

}  // namespace ek

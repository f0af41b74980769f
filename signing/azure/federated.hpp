// Entra applications that trust the tokens of another issuer (workload identity federation).
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation
#pragma once

#include <memory>

#include "endpointkit/azure_credentials.hpp"
#include "endpointkit/error.hpp"
#include "endpointkit/ext/environment.hpp"
#include "signing/azure/entra_signer.hpp"
#include "signing/signer.hpp"

namespace ek {

/// Errors: as check_application(); invalid_request without `assertion`.
Result<AzureFederated> check_federated(AzureFederated application);
/// `application` must have passed check_federated().
std::shared_ptr<const Identity> make_federated_identity(AzureFederated application);

/// What is empty is taken from the environment. The file is read for each token.
/// Errors: invalid_request, naming the member and the variable that are both missing; else as
/// check_application().
Result<EntraMethod> workload_identity_method(AzureWorkloadIdentity identity,
                                             const Environment& environment);
std::shared_ptr<const Identity> make_workload_identity(AzureWorkloadIdentity identity);

}  // namespace ek

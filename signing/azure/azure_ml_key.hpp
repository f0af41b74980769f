// Keys and tokens of Azure ML endpoints, fetched from Azure Resource Manager with another identity.
// https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-online-endpoint
#pragma once

#include <memory>
#include <string_view>

#include "endpointkit/azure_credentials.hpp"
#include "endpointkit/error.hpp"
#include "signing/signer.hpp"
#include "signing/token_cache.hpp"

namespace ek {

enum class AzureMlProof {
  key,   ///< listKeys: the primary key, which holds until it is changed.
  token  ///< token: for endpoints whose authMode is AMLToken.
};

/// Errors: invalid_request if a member is empty or has characters that have no place in a path; if
/// the resource manager is not https on a host.
Result<AzureMlEndpoint> check_azure_ml_endpoint(AzureMlEndpoint endpoint);

/// The endpoint's address at the resource manager, with the action at its end.
std::string azure_ml_url(const AzureMlEndpoint& endpoint, AzureMlProof proof);

/// What the resource manager answered. Errors: server_error/credentials if it is not that.
Result<Token> parse_azure_ml_proof(AzureMlProof proof, std::string_view body,
                                   std::chrono::sys_seconds now);

/// `endpoint` must have passed its check; `who` fetches. A key that is refused is fetched anew.
std::shared_ptr<const Identity> make_azure_ml_identity(AzureMlEndpoint endpoint, AzureMlProof proof,
                                                       std::shared_ptr<const Identity> who);

}  // namespace ek

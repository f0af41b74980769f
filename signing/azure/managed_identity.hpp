// The identity of the machine or service that the program runs on.
#pragma once

#include <memory>

#include "endpointkit/azure_credentials.hpp"
#include "endpointkit/error.hpp"
#include "signing/azure/entra_signer.hpp"
#include "signing/azure/managed_host.hpp"
#include "signing/signer.hpp"

namespace ek {

/// Asks the host, never through a proxy. A host that is not ready (404, 410 while it is upgraded,
/// 408, 429, 5xx) is asked again as its documentation says: three times after 1, 2 and 4 seconds,
/// with 410 seven times after ten, elsewhere than at IMDS three times after one; sooner than the
/// caller's deadline or not at all. A Retry-After counts.
Result<Token> fetch_managed_identity_token(const ManagedHost& host,
                                           const AzureManagedIdentity& identity,
                                           const EntraAsk& ask, const SigningServices& services,
                                           const SignContext& context);

/// Whether the instance metadata service is there at all: one question, one second. That it is not
/// is remembered by the client for five minutes. `why_not` says what happened. Errors: cancelled
/// and timeout of the caller alone.
Result<bool> imds_is_there(const ManagedHost& host, const SigningServices& services,
                           const SignContext& context, std::string& why_not);

/// `identity` must have passed check_managed_identity().
EntraMethod managed_identity_method(const ManagedHost& host, AzureManagedIdentity identity);
std::shared_ptr<const Identity> make_managed_identity(AzureManagedIdentity identity);

}  // namespace ek

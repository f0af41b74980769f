// Entra applications with a client secret.
#pragma once

#include <memory>

#include "endpointkit/credentials.hpp"
#include "endpointkit/error.hpp"
#include "signing/azure/entra_signer.hpp"
#include "signing/signer.hpp"

namespace ek {

/// The application with its authority without a trailing slash.
/// Errors: invalid_request if the secret is empty; else as check_application().
Result<AzureClientSecret> check_client_secret(AzureClientSecret application);

/// `application` must have passed check_client_secret().
EntraMethod client_secret_method(AzureClientSecret application);
std::shared_ptr<const Identity> make_client_secret_identity(AzureClientSecret application);

}  // namespace ek

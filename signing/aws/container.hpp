// The role of an ECS task or an EKS pod: keys from a service inside the container's host, at an
// address that the container's environment names.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
#pragma once

#include <optional>
#include <string>

#include "signing/aws/temporary_keys.hpp"
#include "signing/chain.hpp"

namespace ek {

/// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI below http://169.254.170.2, else
/// AWS_CONTAINER_CREDENTIALS_FULL_URI; none if neither is set.
/// Errors: authentication/credentials if the full URI is no URL, or is plain http to a host that is
/// neither this machine nor the ECS or EKS agent: keys would travel in the open.
Result<std::optional<std::string>> container_keys_url(const Environment& environment);

/// Asks that service. The authorization is the content of the file that
/// AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names, read anew each time since EKS replaces it, else
/// AWS_CONTAINER_AUTHORIZATION_TOKEN.
/// Errors: authentication/credentials for what is not configured, unreadable or refused;
/// unavailable if the service does not answer, which may pass.
Result<TemporaryKeys> fetch_container_keys(const SigningServices& services,
                                           const SignContext& context);

CredentialSource aws_container_source();

}  // namespace ek

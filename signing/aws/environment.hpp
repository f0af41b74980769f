// AWS keys in environment variables.
#pragma once

#include <optional>

#include "signing/chain.hpp"
#include "signing/sigv4.hpp"

namespace ek {

/// The keys in the variables below; none if the first two are not set.
/// Errors: authentication/credentials if only one of them is.
Result<std::optional<AwsKeys>> find_environment_keys(const Environment& environment);

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary keys, AWS_SESSION_TOKEN. One of the
/// first two without the other is an error.
CredentialSource aws_environment_source();

}  // namespace ek

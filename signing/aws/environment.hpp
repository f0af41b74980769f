// AWS keys in environment variables.
#pragma once

#include "signing/chain.hpp"

namespace ek {

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary keys, AWS_SESSION_TOKEN. One of the
/// first two without the other is an error.
CredentialSource aws_environment_source();

}  // namespace ek

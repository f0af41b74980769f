// The order in which AWS credentials are looked for.
#pragma once

#include "signing/chain.hpp"

namespace ek {

CredentialChain aws_chain();

}  // namespace ek

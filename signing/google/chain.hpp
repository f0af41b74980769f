// The order in which Google credentials are looked for (AIP-4110).
#pragma once

#include "signing/chain.hpp"

namespace ek {

CredentialChain google_chain();

}  // namespace ek

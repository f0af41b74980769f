// The order in which Azure credentials are looked for.
#pragma once

#include "signing/chain.hpp"

namespace ek {

CredentialChain azure_chain();

}  // namespace ek

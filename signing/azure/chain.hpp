// The order in which Azure credentials are looked for: that of Microsoft's libraries, after a key.
#pragma once

#include <memory>

#include "signing/chain.hpp"

namespace ek {

CredentialChain azure_chain();

/// Looks along the chain, for scopes that Azure can serve.
std::shared_ptr<const Identity> make_azure_default_identity();

}  // namespace ek

// The identity that the surroundings give: which one is decided by what the endpoint wants proved.
#pragma once

#include <memory>

#include "signing/signer.hpp"

namespace ek {

/// Makes signers that look along the chain of the scope's cloud at their first sign().
std::shared_ptr<const Identity> make_environment_identity();

}  // namespace ek

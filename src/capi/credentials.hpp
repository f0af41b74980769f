// The credentials.* options: which there are and which identity they make together.
#pragma once

#include <span>

#include "capi/options.hpp"

namespace ek::capi {

/// In the order of their names.
std::span<const Key> credentials_keys() noexcept;

/// The environment's if there is no credentials.* key. Throws if the keys belong to several
/// identities, or one that is needed is missing.
Credentials credentials(const epk_options* options);

}  // namespace ek::capi

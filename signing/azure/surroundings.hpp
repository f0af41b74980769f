// Azure identities that the surroundings of the program have: the host it runs on, and the
// programs in which its developer has signed in.
#pragma once

#include "signing/chain.hpp"

namespace ek {

/// A host that sets variables has answered with them. The metadata service of virtual machines sets
/// none: unless AZURE_TOKEN_CREDENTIALS names it, it is looked for, within a second, and passed
/// over if it is not there or no identity was assigned. AZURE_CLIENT_ID names a user-assigned one.
CredentialSource azure_managed_identity_source();
/// Asked for a token, and passed over if they give none, for whatever reason: unless
/// AZURE_TOKEN_CREDENTIALS names them.
CredentialSource azure_cli_source();
CredentialSource azure_power_shell_source();
CredentialSource azure_developer_cli_source();

}  // namespace ek

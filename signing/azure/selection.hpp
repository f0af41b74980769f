// Which members of the default chain take part: AZURE_TOKEN_CREDENTIALS.
// https://learn.microsoft.com/azure/developer/cpp/sdk/authentication/credential-chains
#pragma once

#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "signing/signer.hpp"

namespace ek {

/// One member, under the name that Microsoft's libraries give it.
struct ChainMember {
  std::string_view name{};  ///< "ManagedIdentityCredential"
  bool for_developers = false;
};

enum class ChainPart {
  none,      ///< Is left out.
  of_chain,  ///< One of several.
  only       ///< Was chosen by its name: its failure is final.
};

/// AZURE_TOKEN_CREDENTIALS may be unset (all), "prod" (what servers have), "dev" (what developers
/// have) or the name of one member; case does not matter. A scope without an Entra scope has no use
/// for any. `why_not` says why the part is none.
/// Errors: authentication/credentials for another value, with those that there are.
Result<ChainPart> part_in_chain(const ChainMember& member, const SigningScope& scope,
                                const Environment& environment, std::string& why_not);

}  // namespace ek

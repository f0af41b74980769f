// What a bearer token says about itself. It is only read for messages: nothing is verified, and no
// decision depends on it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "endpointkit/ext/transport.hpp"
#include "signing/signer.hpp"

namespace ek {

/// Members that the token does not have are empty.
struct TokenClaims {
  std::string audience{};     ///< `aud`; several with spaces between them.
  std::string application{};  ///< Entra: `appid` (v1) or `azp` (v2).
  std::string object_id{};    ///< Entra: `oid`.
  std::string tenant_id{};    ///< Entra: `tid`.
  std::string mail{};         ///< `email`, `upn` or `preferred_username`.
};
/// None if `token` is no JWT.
std::optional<TokenClaims> parse_token_claims(std::string_view token);

/// "application A (object id O) in tenant T", or the mail; "" if the claims name nobody.
std::string describe_bearer(const TokenClaims& claims);

/// What is wrong with the bearer token in `sent`, as far as it shows: an audience that is not that
/// of `scope`, or else whom the provider has to give a role. "" for tokens that cannot be read.
std::string explain_bearer_refusal(const HttpRequest& sent, const SigningScope& scope);

}  // namespace ek

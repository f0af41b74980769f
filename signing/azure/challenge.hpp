// Challenges of services that refuse a token (RFC 9110 §11.6.1), and the claims that Entra must put
// into the next one. https://learn.microsoft.com/entra/identity-platform/claims-challenge
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/ext/transport.hpp"

namespace ek {

struct Challenge {
  std::string scheme{};                             ///< Lower case: "bearer".
  std::map<std::string, std::string> parameters{};  ///< Names in lower case; quotes taken off.
};
/// All challenges of one header value; what is not well formed ends the list.
std::vector<Challenge> parse_challenges(std::string_view value);

/// What a service wants of the next token.
struct ClaimsChallenge {
  std::string claims{};  ///< JSON, with the statement that we understand challenges (xms_cc).
  std::string tenant{};  ///< The one that authorization_uri names; "" if none or a shared one.
};
/// The Bearer challenge with error="insufficient_claims" and claims, if the answer has one.
std::optional<ClaimsChallenge> find_claims_challenge(const HttpHead& answer);

}  // namespace ek

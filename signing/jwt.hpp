// JSON Web Tokens signed with RS256 or PS256 in compact form (RFC 7515 §7.1, RFC 7519). Pure.
#pragma once

#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "signing/crypto/rsa.hpp"

namespace ek {

/// What the header of a token must call its algorithm.
enum class JwsAlgorithm { rs256, ps256 };

/// base64url(header).base64url(claims).base64url(signature) for JSON texts that are used as they
/// are.
Result<std::string> sign_jws(std::string_view header_json, std::string_view claims_json,
                             const RsaPrivateKey& key,
                             JwsAlgorithm algorithm = JwsAlgorithm::rs256);
/// With the header {"alg":"RS256","kid":key_id,"typ":"JWT"}; an empty `key_id` is left out.
Result<std::string> make_jwt(std::string_view key_id, std::string_view claims_json,
                             const RsaPrivateKey& key);

struct Jwt {
  std::string header_json{};
  std::string claims_json{};
  std::string algorithm{};
  std::string key_id{};         ///< "" if there is none.
  std::string signing_input{};  ///< What the signature is made of.
  std::string signature{};      ///< Bytes.
};
/// Takes apart; believes nothing. Errors: authentication/credentials for what is no JWT.
Result<Jwt> parse_jwt(std::string_view token);
/// Errors: authentication/credentials if the token is no JWT, not RS256 or not signed by `key`. The
/// claims (exp, aud, …) are the caller's to check.
Result<Jwt> verify_jwt(std::string_view token, const RsaPublicKey& key);

}  // namespace ek

#include "signing/jwt.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "signing/credentials_error.hpp"
#include "signing/json_members.hpp"

namespace ek {
namespace {

Error no_jwt(std::string_view why) {
  return credentials_error(fmt::format("expected a JSON Web Token, but {}", why));
}

}  // namespace

Result<std::string> sign_jws(std::string_view header_json, std::string_view claims_json,
                             const RsaPrivateKey& key, JwsAlgorithm algorithm) {
  std::string token = base64url_encode(header_json) + '.' + base64url_encode(claims_json);
  auto signature = algorithm == JwsAlgorithm::ps256 ? key.sign_ps256(token) : key.sign_rs256(token);
  if (!signature) return std::move(signature).error();
  return token + '.' + base64url_encode(*signature);
}

Result<std::string> make_jwt(std::string_view key_id, std::string_view claims_json,
                             const RsaPrivateKey& key) {
  nlohmann::json header = {{"alg", "RS256"}, {"typ", "JWT"}};
  if (!key_id.empty()) header["kid"] = key_id;
  return sign_jws(dump(header), claims_json, key);
}

Result<Jwt> parse_jwt(std::string_view token) {
  const auto first = token.find('.');
  const auto second = token.rfind('.');
  if (first == std::string_view::npos || second == first || token.find('.', first + 1) != second) {
    return no_jwt("the text does not have three parts with dots between them");
  }
  auto header = base64_decode(token.substr(0, first));
  auto claims = base64_decode(token.substr(first + 1, second - first - 1));
  auto signature = base64_decode(token.substr(second + 1));
  if (!header || !claims || !signature) return no_jwt("one of its parts is not base64url");
  const auto parsed = nlohmann::json::parse(*header, nullptr, false);
  if (!parsed.is_object() || !nlohmann::json::parse(*claims, nullptr, false).is_object())
    return no_jwt("its header or its claims are not a JSON object");
  return Jwt{.header_json = *std::move(header),
             .claims_json = *std::move(claims),
             .algorithm = text_member(parsed, "alg"),
             .key_id = text_member(parsed, "kid"),
             .signing_input = std::string(token.substr(0, second)),
             .signature = *std::move(signature)};
}

Result<Jwt> verify_jwt(std::string_view token, const RsaPublicKey& key) {
  auto jwt = parse_jwt(token);
  if (!jwt) return jwt;
  // Never what the token asks for: "none" and HS256 with the public key are the classic forgeries.
  if (jwt->algorithm != "RS256") {
    return no_jwt(
        fmt::format("its algorithm is \"{}\", not RS256", clip(printable(jwt->algorithm), 20)));
  }
  if (!key.verify_rs256(jwt->signing_input, jwt->signature))
    return no_jwt("its signature was not made with this key, or the text was changed");
  return jwt;
}

}  // namespace ek

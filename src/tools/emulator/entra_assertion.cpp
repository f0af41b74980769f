// How an Entra application proves itself without a secret: with a JWT that its certificate signed,
// or with a token of another provider that the application trusts.
// https://learn.microsoft.com/entra/identity-platform/certificate-credentials
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "signing/crypto/sha1.hpp"
#include "signing/crypto/sha256.hpp"
#include "signing/jwt.hpp"
#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"
#include "tools/emulator/service.hpp"

namespace ek::emulator {
namespace {

using nlohmann::json;

EntraRefusal invalid_client(int code, std::string text) {
  return {401, "invalid_client", code, std::move(text)};
}

bool names_certificate(const json& header, const std::string& der) {
  Sha256 sha;
  const std::string new_name = base64url_encode(view(sha.hash(der)));
  return text_in(header, "x5t#S256") == new_name ||
         text_in(header, "x5t") == base64url_encode(sha1(der));
}

bool is_signed_by(const Jwt& jwt, const RsaPublicKey& key) {
  if (jwt.algorithm == "PS256") return key.verify_ps256(jwt.signing_input, jwt.signature);
  return jwt.algorithm == "RS256" && key.verify_rs256(jwt.signing_input, jwt.signature);
}

std::optional<EntraRefusal> refuse_claims(Service& service, const Request& request,
                                          const json& claims) {
  const std::string& client = service.secrets.entra.client_id;
  if (text_in(claims, "iss") != client || text_in(claims, "sub") != client) {
    return invalid_client(700021,
                          "Client assertion application identifier doesn't match "
                          "'client_id' parameter.");
  }
  const std::string audience = text_in(claims, "aud");
  const std::string secure = fmt::format("https://{}{}", request.header("Host"), request.path);
  if (audience != service.base_url + request.path && audience != secure)
    return invalid_client(700023, "Client assertion audience claim does not match Realm issuer.");
  const auto now =
      std::chrono::floor<std::chrono::seconds>(service.options.now().time_since_epoch()).count();
  if (integer_in(claims, "exp", 0) <= now || integer_in(claims, "nbf", 0) > now + 300)
    return invalid_client(700024, "Client assertion is not within its valid time range.");
  const std::string id = text_in(claims, "jti");
  if (id.empty() || !service.used_assertions.add(id, {}))
    return invalid_client(700025, "Client assertion has no new 'jti' claim.");
  return std::nullopt;
}

std::optional<EntraRefusal> refuse_certificate(Service& service, const Request& request,
                                               const Jwt& jwt) {
  const json header = parse_json<json>(jwt.header_json);
  const auto& certificate = service.secrets.entra.certificate;
  if (!certificate || !names_certificate(header, certificate->chain.at(0))) {
    return invalid_client(700027,
                          "The certificate with identifier used to sign the client assertion is "
                          "not registered on application.");
  }
  if (!is_signed_by(jwt, certificate->key.public_key()))
    return invalid_client(700027, "Client assertion contains an invalid signature.");
  return refuse_claims(service, request, parse_json<json>(jwt.claims_json));
}

}  // namespace

std::optional<EntraRefusal> refuse_assertion(Service& service, const Request& request,
                                             std::string_view assertion) {
  const Form form(request.body);
  if (form.field("client_assertion_type") !=
      "urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
    return EntraRefusal{400, "invalid_request", 900144,
                        "The request body must contain the following parameter: "
                        "'client_assertion_type'."};
  }
  const auto jwt = parse_jwt(assertion);
  if (!jwt) return invalid_client(50027, "JWT token is invalid or malformed.");
  const json claims = parse_json<json>(jwt->claims_json);
  if (text_in(claims, "iss") != service.base_url) return refuse_certificate(service, request, *jwt);
  const auto good = check_workload_token(service, assertion, "api://AzureADTokenExchange");
  if (good) return std::nullopt;
  const bool expired = good.error().reason == "expired";
  return invalid_client(expired ? 700024 : 700213,
                        "No matching federated identity record found for presented assertion: " +
                            good.error().message + ".");
}

}  // namespace ek::emulator

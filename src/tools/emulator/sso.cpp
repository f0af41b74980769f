// IAM Identity Center: the portal that gives the keys of a role to a signed-in user, and the token
// service that renews the sign-in.
// https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html
// https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html
#include <nlohmann/json.hpp>

#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"
#include "tools/emulator/service.hpp"

namespace ek::emulator {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

Reply refuse(std::string_view error, std::string_view description) {
  return {.status = 400,
          .body = to_text(ordered_json{{"error", error}, {"error_description", description}})};
}

}  // namespace

Reply serve_sso_portal(Service& service, const Request& request) {
  const auto token = service.sso_tokens.find(std::string(request.header("x-amz-sso_bearer_token")));
  if (!token || token->expiry <= service.options.now())
    return aws_error(401, "UnauthorizedException", "Session token not found or invalid");
  const std::string role =
      "arn:aws:iam::" + request.parameter("account_id") + ":role/" + request.parameter("role_name");
  if (role != emulated_role) return aws_error(403, "ForbiddenException", "No access");
  const auto keys = issue_aws_keys(
      service, "arn:aws:sts::123456789012:assumed-role/emulated-role/user", std::chrono::hours(1));
  const auto since_epoch = keys.expiry.time_since_epoch();
  const ordered_json body = {
      {"roleCredentials",
       {{"accessKeyId", keys.keys.access_key_id},
        {"secretAccessKey", keys.keys.secret_access_key.reveal()},
        {"sessionToken", keys.keys.session_token.reveal()},
        {"expiration",
         std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()}}}};
  return {.body = to_text(body)};
}

Reply serve_sso_token(Service& service, const Request& request) {
  const json body = parse_json<json>(request.body);
  if (!body.is_object()) return refuse("invalid_request", "the body is no JSON object");
  if (text_in(body, "grantType") != "refresh_token")
    return refuse("unsupported_grant_type", "only refresh_token is supported");
  const SsoSession& session = service.secrets.sso;
  if (text_in(body, "clientId") != session.client_id ||
      !(Secret(text_in(body, "clientSecret")) == session.client_secret)) {
    return refuse("invalid_client", "Invalid client");
  }
  if (!(Secret(text_in(body, "refreshToken")) == session.refresh_token))
    return refuse("invalid_grant", "Invalid refresh token provided");
  const std::string token = issue_sso_token(service, std::chrono::hours(1));
  return {.body = to_text(ordered_json{{"accessToken", token},
                                       {"expiresIn", 3600},
                                       {"refreshToken", session.refresh_token.reveal()},
                                       {"tokenType", "Bearer"}})};
}

std::string issue_sso_token(Service& service, std::chrono::seconds lifetime) {
  std::string token = "aoaAAAAA" + random_text(80, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
  service.sso_tokens.add(token, {.expiry = service.options.now() + lifetime});
  return token;
}

}  // namespace ek::emulator

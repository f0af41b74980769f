// Google's OAuth 2.0 token endpoint, for service accounts: the JWT bearer grant (RFC 7523).
// https://developers.google.com/identity/protocols/oauth2/service-account
#include <nlohmann/json.hpp>

#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"
#include "tools/emulator/service.hpp"

namespace ek::emulator {
namespace {

using nlohmann::ordered_json;

Reply oauth_error(std::string_view error, std::string_view description) {
  const ordered_json body = {{"error", error}, {"error_description", description}};
  return {
      .status = 400, .content_type = "application/json; charset=utf-8", .body = to_text(body, 2)};
}

// Google's own libraries for Python and Node name the public endpoint whatever they post to.
bool is_audience(const Service& service, std::string_view audience) {
  return audience == service.base_url + "/token" ||
         audience == "https://oauth2.googleapis.com/token";
}

Reply issue(Service& service, const std::string& scope) {
  const ordered_json body = {{"access_token", issue_google_token(service, scope)},
                             {"expires_in", service.options.token_lifetime.count()},
                             {"token_type", "Bearer"}};
  return {.content_type = "application/json; charset=UTF-8",
          .headers = {{"Cache-Control", "private"}},
          .body = to_text(body, 2)};
}

}  // namespace

std::string issue_google_token(Service& service, const std::string& scope) {
  std::string token =
      "ya29.c." +
      random_text(120, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
  const auto lifetime = service.options.token_lifetime;
  service.google_tokens.add(token, {.scope = scope, .expiry = service.options.now() + lifetime});
  ++service.stats.google_tokens;
  return token;
}

Reply serve_google_token(Service& service, const Request& request) {
  const Form form(request.body);
  const std::string_view grant = form.field("grant_type");
  if (grant != "urn:ietf:params:oauth:grant-type:jwt-bearer") {
    return oauth_error("unsupported_grant_type", "Invalid grant_type: " + std::string(grant));
  }
  const std::string_view assertion = form.field("assertion");
  if (assertion.empty()) {
    return oauth_error("invalid_request", "Missing required parameter: assertion");
  }
  const auto claims = check_google_jwt(service, assertion);
  if (!claims) return oauth_error("invalid_grant", claims.error().message);
  if (!is_audience(service, claims->audience)) {
    return oauth_error("invalid_grant", "Invalid JWT: Failed audience check.");
  }
  if (!is_timely(service, *claims, 0)) {
    return oauth_error("invalid_grant",
                       "Invalid JWT: Token must be a short-lived token (60 minutes) and in a "
                       "reasonable timeframe. Check your iat and exp values in the JWT claim.");
  }
  if (claims->scope.empty()) {
    return oauth_error("invalid_scope", "Invalid OAuth scope or ID token audience provided.");
  }
  return issue(service, claims->scope);
}

}  // namespace ek::emulator

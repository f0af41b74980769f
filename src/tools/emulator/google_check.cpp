#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "signing/jwt.hpp"
#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"

namespace ek::emulator {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view expected_token =
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project.";

Error no_grant(const char* text) {
  return {.code = ErrorCode::authentication, .phase = Phase::credentials, .message = text};
}

std::int64_t seconds_now(const Service& service) {
  return std::chrono::floor<std::chrono::seconds>(service.options.now().time_since_epoch()).count();
}

Reply unauthenticated(std::string_view message, std::string_view reason, std::string_view rpc) {
  Reply reply = google_error(401, "UNAUTHENTICATED", fmt::format("{} {}", message, expected_token),
                             reason, rpc);
  const bool missing = reason == "CREDENTIALS_MISSING";
  reply.headers.push_back(
      {"WWW-Authenticate", missing ? "Bearer realm=\"https://accounts.google.com/\""
                                   : "Bearer realm=\"https://accounts.google.com/\", "
                                     "error=\"invalid_token\""});
  return reply;
}

Reply invalid_token(std::string_view reason, std::string_view rpc) {
  return unauthenticated("Request had invalid authentication credentials.", reason, rpc);
}

Reply scope_too_small(std::string_view rpc) {
  return google_error(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.",
                      "ACCESS_TOKEN_SCOPE_INSUFFICIENT", rpc);
}

// AIP-4111: the audience is the service, or there is a scope instead.
bool is_for_vertex(const Service& service, const GoogleClaims& claims) {
  if (claims.audience.empty()) return has_scope(claims.scope, cloud_platform_scope);
  return claims.audience == service.base_url + "/" ||
         (claims.audience.starts_with("https://") &&
          claims.audience.ends_with("aiplatform.googleapis.com/"));
}

std::optional<Reply> refuse_self_signed(const Service& service, std::string_view token,
                                        std::string_view rpc) {
  const auto claims = check_google_jwt(service, token);
  if (!claims || claims->subject != claims->issuer || !is_for_vertex(service, *claims)) {
    return invalid_token("ACCESS_TOKEN_TYPE_UNSUPPORTED", rpc);
  }
  // Google's own Rust library dates its tokens back by ten seconds and lets them live ten longer.
  if (!is_timely(service, *claims, 10)) return invalid_token("ACCESS_TOKEN_EXPIRED", rpc);
  return std::nullopt;
}

std::optional<Reply> refuse_token(const Service& service, std::string_view token,
                                  std::string_view rpc) {
  if (token.starts_with("eyJ")) return refuse_self_signed(service, token, rpc);
  const auto issued = service.google_tokens.find(std::string(token));
  if (!issued) return invalid_token("ACCESS_TOKEN_TYPE_UNSUPPORTED", rpc);
  if (issued->expiry <= service.options.now()) return invalid_token("ACCESS_TOKEN_EXPIRED", rpc);
  if (!has_scope(issued->scope, cloud_platform_scope)) return scope_too_small(rpc);
  return std::nullopt;
}

}  // namespace

Reply google_error(int status, std::string_view name, std::string_view message,
                   std::string_view reason, std::string_view rpc) {
  ordered_json error = {{"code", status}, {"message", message}, {"status", name}};
  if (!reason.empty()) {
    ordered_json metadata = {{"service", "aiplatform.googleapis.com"}};
    if (!rpc.empty()) metadata["method"] = fmt::format("google.cloud.aiplatform.v1.{}", rpc);
    error["details"] = ordered_json::array({{{"@type", "type.googleapis.com/google.rpc.ErrorInfo"},
                                             {"reason", reason},
                                             {"domain", "googleapis.com"},
                                             {"metadata", metadata}}});
  }
  return {.status = status,
          .content_type = "application/json; charset=UTF-8",
          .body = to_text(ordered_json{{"error", error}}, 2) + "\n"};
}

bool has_scope(std::string_view list, std::string_view scope) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(' '));
    if (item == scope) return true;
    list.remove_prefix(std::min(list.size(), item.size() + 1));
  }
  return false;
}

Result<GoogleClaims> check_google_jwt(const Service& service, std::string_view token) {
  const GoogleAccount& account = service.secrets.google;
  const auto parsed = parse_jwt(token);
  if (!parsed) return no_grant("Invalid JWT: the assertion is no JSON Web Token.");
  const json claims = parse_json<json>(parsed->claims_json);
  if (!claims.is_object()) return no_grant("Invalid JWT: the claims are no JSON object.");
  if (text_in(claims, "iss") != account.client_email) {
    return no_grant("Invalid grant: account not found");
  }
  const bool other_key = !parsed->key_id.empty() && parsed->key_id != account.key_id;
  if (other_key || !verify_jwt(token, account.key.public_key())) {
    return no_grant("Invalid JWT Signature.");
  }
  return GoogleClaims{.issuer = text_in(claims, "iss"),
                      .subject = text_in(claims, "sub"),
                      .audience = text_in(claims, "aud"),
                      .scope = text_in(claims, "scope"),
                      .issued_at = integer_in(claims, "iat", 0),
                      .expires_at = integer_in(claims, "exp", 0)};
}

bool is_timely(const Service& service, const GoogleClaims& claims, std::int64_t slack_seconds) {
  constexpr std::int64_t clock_skew = 300;
  const std::int64_t now = seconds_now(service);
  return claims.expires_at > now && claims.issued_at <= now + clock_skew &&
         claims.expires_at > claims.issued_at &&
         claims.expires_at - claims.issued_at <= 3600 + slack_seconds;
}

std::optional<Reply> refuse_google(Service& service, const Request& request,
                                   std::string_view project, std::string_view rpc) {
  const auto token = request.bearer();
  if (!token && !request.header("x-goog-api-key").empty()) {
    return unauthenticated("API keys are not supported by this API.", "CREDENTIALS_MISSING", rpc);
  }
  if (!token) {
    return unauthenticated("Request is missing required authentication credential.",
                           "CREDENTIALS_MISSING", rpc);
  }
  if (auto no = refuse_token(service, *token, rpc)) return no;
  if (project == service.secrets.google.project) return std::nullopt;
  return google_error(
      403, "PERMISSION_DENIED",
      fmt::format("Permission 'aiplatform.endpoints.predict' denied on resource "
                  "'//aiplatform.googleapis.com/projects/{}' (or it may not exist).",
                  printable(project)),
      "IAM_PERMISSION_DENIED", rpc);
}

}  // namespace ek::emulator

#include "signing/token_claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "signing/jwt.hpp"

namespace ek {
namespace {

using nlohmann::json;

// One line of it.
std::string shown(const std::string& text) {
  std::string line = clip(printable(text), 200);
  std::replace(line.begin(), line.end(), '\n', '?');
  return line;
}

std::string first_text(const json& claims, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = claims.find(name);
    if (found != claims.end() && found->is_string()) return shown(found->get<std::string>());
  }
  return {};
}

std::string audience_of(const json& claims) {
  const auto found = claims.find("aud");
  if (found == claims.end() || !found->is_array()) return first_text(claims, {"aud"});
  std::string all;
  for (const json& item : *found) {
    if (!item.is_string()) continue;
    if (!all.empty()) all += ' ';
    all += item.get<std::string>();
  }
  return shown(all);
}

// "https://ml.azure.com/.default" asks for the audience https://ml.azure.com.
std::string_view resource_of(std::string_view scope) {
  constexpr std::string_view all_permissions = "/.default";
  if (scope.ends_with(all_permissions)) scope.remove_suffix(all_permissions.size());
  return scope;
}

bool same_resource(std::string_view a, std::string_view b) {
  while (a.ends_with('/')) a.remove_suffix(1);
  while (b.ends_with('/')) b.remove_suffix(1);
  return iequals(a, b);
}

}  // namespace

std::optional<TokenClaims> parse_token_claims(std::string_view token) {
  const auto jwt = parse_jwt(token);
  if (!jwt) return std::nullopt;
  const json claims = json::parse(jwt->claims_json, nullptr, false);
  return TokenClaims{.audience = audience_of(claims),
                     .application = first_text(claims, {"appid", "azp"}),
                     .object_id = first_text(claims, {"oid"}),
                     .tenant_id = first_text(claims, {"tid"}),
                     .mail = first_text(claims, {"email", "upn", "preferred_username"})};
}

std::string describe_bearer(const TokenClaims& claims) {
  std::string who = claims.mail;
  if (who.empty() && !claims.application.empty())
    who = fmt::format("application {}", claims.application);
  if (!claims.object_id.empty()) {
    who += who.empty() ? fmt::format("object id {}", claims.object_id)
                       : fmt::format(" (object id {})", claims.object_id);
  }
  if (!who.empty() && !claims.tenant_id.empty())
    who += fmt::format(" in tenant {}", claims.tenant_id);
  return who;
}

std::string explain_bearer_refusal(const HttpRequest& sent, const SigningScope& scope) {
  constexpr std::string_view prefix = "Bearer ";
  const HttpHead head{.headers = sent.headers};
  std::string_view value = head.header("authorization");
  if (scope.entra_scope.empty() || !value.starts_with(prefix)) return {};
  const auto claims = parse_token_claims(value.substr(prefix.size()));
  if (!claims) return {};
  // An audience that is no URL is an application id, which does not tell its resource.
  const std::string_view wanted = resource_of(scope.entra_scope);
  if (claims->audience.find("://") != std::string::npos &&
      !same_resource(claims->audience, wanted)) {
    return fmt::format(
        "the token is for the audience {}, but this endpoint takes {}: get one for "
        "scope {}",
        claims->audience, wanted, scope.entra_scope);
  }
  const std::string who = describe_bearer(*claims);
  if (who.empty()) return {};
  return fmt::format("the token is that of {}", who);
}

}  // namespace ek

#include "signing/azure/challenge.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "signing/azure/authority.hpp"
#include "signing/json_members.hpp"

namespace ek {
namespace {

using nlohmann::json;

std::string_view skip_blanks(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == ','))
    text.remove_prefix(1);
  return text;
}

std::string take_token(std::string_view& text) {
  const auto end = std::min(text.find_first_of(" \t,=\""), text.size());
  std::string token = to_lower(text.substr(0, end));
  text.remove_prefix(end);
  return token;
}

// After the '='. A quoted text that does not end is taken to its end.
std::string take_value(std::string_view& text) {
  std::string value;
  if (text.empty() || text.front() != '"') {
    const auto end = std::min(text.find_first_of(" \t,"), text.size());
    value = text.substr(0, end);
    text.remove_prefix(end);
    return value;
  }
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
    value += text.front();
    text.remove_prefix(1);
  }
  if (!text.empty()) text.remove_prefix(1);
  return value;
}

std::string parameter(const Challenge& challenge, const char* name) {
  const auto found = challenge.parameters.find(name);
  return found == challenge.parameters.end() ? std::string() : found->second;
}

std::optional<std::string> merged_claims(const std::string& base64) {
  const auto text = base64_decode(base64);
  if (!text) return std::nullopt;
  json claims = json::parse(*text, nullptr, false);
  if (!claims.is_object()) return std::nullopt;
  json& access_token = claims["access_token"];
  if (!access_token.is_object()) access_token = json::object();
  access_token["xms_cc"] = {{"values", {"CP1"}}};
  return dump(claims);
}

std::string tenant_of(const std::string& authorization_uri) {
  const auto url = parse_authority_url(authorization_uri);
  return url && !is_shared_tenant(url->tenant) ? url->tenant : std::string();
}

}  // namespace

std::vector<Challenge> parse_challenges(std::string_view value) {
  std::vector<Challenge> all;
  for (value = skip_blanks(value); !value.empty(); value = skip_blanks(value)) {
    std::string name = take_token(value);
    if (name.empty()) break;
    if (value.empty() || value.front() != '=') {
      all.push_back({.scheme = std::move(name)});
      continue;
    }
    value.remove_prefix(1);
    std::string text = take_value(value);
    if (all.empty()) break;
    all.back().parameters.emplace(std::move(name), std::move(text));
  }
  return all;
}

std::optional<ClaimsChallenge> find_claims_challenge(const HttpHead& answer) {
  for (const Header& header : answer.headers) {
    if (!iequals(header.name, "www-authenticate")) continue;
    for (const Challenge& challenge : parse_challenges(header.value)) {
      if (challenge.scheme != "bearer" || parameter(challenge, "error") != "insufficient_claims")
        continue;
      if (auto claims = merged_claims(parameter(challenge, "claims"))) {
        return ClaimsChallenge{.claims = *std::move(claims),
                               .tenant = tenant_of(parameter(challenge, "authorization_uri"))};
      }
    }
  }
  return std::nullopt;
}

}  // namespace ek

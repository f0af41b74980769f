#include "signing/azure/authority.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/azure/invalid.hpp"
#include "signing/chain.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

bool is_tenant(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    if (const auto part = trim(text.substr(0, end)); !part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace

Result<AuthorityUrl> parse_authority_url(std::string_view url) {
  const auto uri = parse_uri(url.substr(0, url.find_first_of("?#")));
  if (!uri || uri->scheme != "https") {
    return invalid_identity(
        fmt::format("expected an authority like https://login.microsoftonline.com/TENANT, got {}",
                    clip(printable(url), 200)));
  }
  std::string_view path = uri->path;
  path.remove_prefix(std::min<std::size_t>(path.size(), 1));
  const std::string_view tenant = path.substr(0, path.find('/'));
  if (!is_tenant(tenant)) {
    return invalid_identity(fmt::format("expected a tenant in the path of the authority {}",
                                        clip(printable(url), 200)));
  }
  return AuthorityUrl{.host = uri->authority(), .tenant = std::string(tenant)};
}

Result<std::string> check_authority_host(std::string text) {
  const auto uri = parse_uri(text);
  if (!uri) {
    return invalid_identity(
        fmt::format("expected an authority host like "
                    "https://login.microsoftonline.com: {}",
                    uri.error().message));
  }
  const bool safe = uri->scheme == "https" || (uri->scheme == "http" && is_loopback(uri->host));
  if (!safe || !uri->query.empty() || (uri->path.size() > 1)) {
    return invalid_identity(
        fmt::format("expected an authority host like https://login.microsoftonline.com, with "
                    "https and without a path; got {}",
                    clip(printable(text), 200)));
  }
  if (text.ends_with('/')) text.pop_back();
  return text;
}

Result<void> check_tenant(std::string_view text) {
  if (!is_tenant(text)) {
    return invalid_identity(
        fmt::format("expected a tenant id (letters, digits, '.' and '-'), got \"{}\"",
                    clip(printable(text), 80)));
  }
  if (is_shared_tenant(text)) {
    return invalid_identity(fmt::format(
        "an application signs in to one tenant, not to \"{}\": give the tenant's id", text));
  }
  return {};
}

bool is_shared_tenant(std::string_view text) noexcept {
  return iequals(text, "common") || iequals(text, "organizations") || iequals(text, "consumers");
}

bool is_adfs(std::string_view tenant) noexcept { return iequals(tenant, "adfs"); }

Result<std::string> resolve_tenant(std::string_view configured, std::string_view requested,
                                   std::span<const std::string> allowed,
                                   std::string_view disable_multitenant) {
  const bool disabled = disable_multitenant == "1" || iequals(disable_multitenant, "true");
  if (requested.empty() || iequals(requested, configured) || is_adfs(configured) || disabled)
    return std::string(configured);
  const bool may = std::any_of(allowed.begin(), allowed.end(), [&](const std::string& tenant) {
    return tenant == "*" || iequals(tenant, requested);
  });
  if (may) return std::string(requested);
  return credentials_error(
      fmt::format("the service wants a token of tenant {}, and the application is at home in {}; "
                  "name the other one in AZURE_ADDITIONALLY_ALLOWED_TENANTS to allow it",
                  clip(printable(requested), 80), configured));
}

std::string tenant_for(std::string_view configured, std::string_view requested,
                       const Environment& environment) {
  const auto allowed =
      split(variable(environment, "AZURE_ADDITIONALLY_ALLOWED_TENANTS").value_or(""), ';');
  auto tenant =
      resolve_tenant(configured, requested, allowed,
                     variable(environment, "AZURE_IDENTITY_DISABLE_MULTITENANTAUTH").value_or(""));
  return tenant ? *std::move(tenant) : std::string(configured);
}

}  // namespace ek

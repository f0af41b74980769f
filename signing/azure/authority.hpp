// Authorities and tenants of Entra: what may stand there, and which tenant a token is asked of.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "endpointkit/ext/environment.hpp"

namespace ek {

/// An authority and the tenant in its path, as challenges and configurations give them.
struct AuthorityUrl {
  std::string host{};  ///< With a port if one stands there.
  std::string tenant{};
};
/// Takes "https://login.microsoftonline.com/TENANT/…" apart; query and fragment do not matter.
/// Errors: invalid_request if it is not https, or names no tenant.
Result<AuthorityUrl> parse_authority_url(std::string_view url);

/// `text` without a slash at its end. Errors: invalid_request if it is not https on a host without
/// path and query (http is accepted for loopback).
Result<std::string> check_authority_host(std::string text);

/// Errors: invalid_request if `text` is no tenant (letters, digits, '.' and '-'), or one of
/// "common", "organizations" and "consumers", which no application can sign in to.
Result<void> check_tenant(std::string_view text);
bool is_shared_tenant(std::string_view text) noexcept;

/// Active Directory Federation Services: a tenant with paths of its own.
bool is_adfs(std::string_view tenant) noexcept;

/// The tenant to ask where a service wants a token of `requested` ("" for none) and the application
/// is at home in `configured`. Another tenant is asked only if `allowed` names it or "*". A
/// `disable_multitenant` of "1" or "true" keeps to the configured one.
/// Errors: authentication/credentials if the tenant is not allowed, with what to set.
Result<std::string> resolve_tenant(std::string_view configured, std::string_view requested,
                                   std::span<const std::string> allowed,
                                   std::string_view disable_multitenant);

/// The same with AZURE_ADDITIONALLY_ALLOWED_TENANTS and AZURE_IDENTITY_DISABLE_MULTITENANTAUTH. A
/// tenant that is not allowed is not asked: the configured one stays.
std::string tenant_for(std::string_view configured, std::string_view requested,
                       const Environment& environment);

}  // namespace ek

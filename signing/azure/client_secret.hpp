// Entra applications with a client secret: the client credentials grant.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
#pragma once

#include <memory>
#include <string_view>

#include "endpointkit/credentials.hpp"
#include "endpointkit/error.hpp"
#include "endpointkit/ext/transport.hpp"
#include "signing/signer.hpp"
#include "signing/token_cache.hpp"

namespace ek {

/// The application with its authority without a trailing slash.
/// Errors: invalid_request if a member is empty, the tenant is no tenant (or "common",
/// "organizations", "consumers", which no application can sign in to), or the authority is not
/// https on a host (http is accepted for loopback).
Result<AzureClientSecret> check_client_secret(AzureClientSecret application);

/// The token request. The tenant "adfs" means Active Directory Federation Services, which has a
/// path of its own and no "/.default".
HttpRequest client_secret_request(const AzureClientSecret& application, std::string_view scope);

/// What an error answer of Entra means, and what to do about it.
Error entra_refusal(const HttpResponse& response);

Result<Token> fetch_client_secret_token(const AzureClientSecret& application,
                                        std::string_view scope, const SigningServices& services,
                                        const SignContext& context);

/// `application` must have passed check_client_secret().
std::shared_ptr<const Identity> make_client_secret_identity(AzureClientSecret application);

}  // namespace ek

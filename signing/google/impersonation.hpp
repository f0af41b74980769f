// Acting as a service account that lets one (IAM Credentials API).
// https://cloud.google.com/iam/docs/reference/credentials/rest
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/error.hpp"
#include "endpointkit/secret.hpp"
#include "signing/google/account.hpp"
#include "signing/json_object.hpp"

namespace ek {

/// What the token of the one who impersonates has to be for. Narrower than all of Google Cloud.
inline constexpr std::string_view impersonation_scope = "https://www.googleapis.com/auth/iam";

struct Impersonation {
  std::string url{};                     ///< Of generateAccessToken.
  std::string mail{};                    ///< Of the service account in it.
  std::vector<std::string> delegates{};  ///< In the order of the chain that leads there.
  std::chrono::seconds lifetime = std::chrono::hours(1);
};

/// From a file's service_account_impersonation_url and `delegates`.
/// Errors: authentication/credentials if the URL is not trusted.
Result<Impersonation> read_impersonation(const JsonObject& file, std::string_view universe);

/// Pure. Delegates that are mails get their full names.
HttpRequest impersonated_access_token_request(const Impersonation& target, std::string_view scope,
                                              const Secret& token);
HttpRequest impersonated_id_token_request(const Impersonation& target, std::string_view audience,
                                          const Secret& token);

/// `token` is the impersonator's. Errors: of the service, naming the role that is missing.
Result<Token> fetch_impersonated_access_token(const Impersonation& target, std::string_view scope,
                                              const Secret& token, const SigningServices& services,
                                              const SignContext& context);
Result<Token> fetch_impersonated_id_token(const Impersonation& target, std::string_view audience,
                                          const Secret& token, const SigningServices& services,
                                          const SignContext& context);

/// Of a file of the type "impersonated_service_account".
Result<GoogleAccountPtr> read_impersonated_account(const JsonObject& file);

}  // namespace ek

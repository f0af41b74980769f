// Workload and workforce identity federation: a token of somebody else's is exchanged for one of
// Google's (RFC 8693, AIP-4117), and that, where the file says so, for one of a service account.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "endpointkit/secret.hpp"
#include "signing/google/account.hpp"
#include "signing/google/impersonation.hpp"
#include "signing/google/subject_token.hpp"
#include "signing/json_object.hpp"

namespace ek {

struct ExternalAccount {
  std::string audience{};
  std::string subject_token_type{};
  std::string token_url{};
  std::string client_id{};  ///< "" if the exchange needs no client.
  Secret client_secret{};
  std::string user_project{};  ///< Of workforce pools only.
  std::string quota_project{};
  std::string universe_domain{};
  std::optional<Impersonation> impersonation{};
  SubjectSource source{};
};

/// Errors: authentication/credentials, naming the member that is missing, wrong or not trusted.
Result<ExternalAccount> parse_external_account(const JsonObject& file);

/// Pure.
HttpRequest exchange_request(const ExternalAccount& account, std::string_view scope,
                             const Secret& subject_token);

/// Of a file of the type "external_account".
Result<GoogleAccountPtr> read_external_account(const JsonObject& file);

}  // namespace ek

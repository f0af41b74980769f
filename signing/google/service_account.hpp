// Google service accounts: a key file in, a bearer token out, either by exchange (RFC 7523,
// https://developers.google.com/identity/protocols/oauth2/service-account) or signed by oneself
// (AIP-4111). Free functions first; the identity only glues them.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "endpointkit/credentials.hpp"
#include "endpointkit/error.hpp"
#include "endpointkit/ext/transport.hpp"
#include "signing/crypto/rsa.hpp"
#include "signing/google/account.hpp"
#include "signing/json_object.hpp"
#include "signing/signer.hpp"
#include "signing/token_cache.hpp"

namespace ek {

/// A key file, read and checked.
struct ServiceAccountKey {
  std::string client_email{};
  std::string key_id{};
  std::string token_uri{};
  std::string universe_domain{};  ///< "googleapis.com" nearly everywhere.
  std::string quota_project{};    ///< "" in keys as Google makes them.
  RsaPrivateKey private_key;
};

/// Errors: authentication/credentials, naming what `json` is instead (user credentials, a
/// federation, an OAuth client, no JSON), which member is missing, or why token_uri is not trusted:
/// a key file from somebody else could send the assertion anywhere.
Result<ServiceAccountKey> parse_service_account(std::string_view json);
/// The same for a file whose type is known.
Result<ServiceAccountKey> read_service_account(const JsonObject& file);

/// Claims of the assertion that is exchanged: for an hour from ten seconds ago, so that a clock
/// which is a little fast is believed. Made anew for each fetch.
std::string grant_claims(const ServiceAccountKey& key, std::string_view scope,
                         std::chrono::sys_seconds now);
/// Claims of a token that is used as it is, in the form with a scope, which every host accepts.
std::string self_signed_claims(const ServiceAccountKey& key, std::string_view scope,
                               std::chrono::sys_seconds now);
/// Claims of the assertion that is exchanged for an id token for `audience`.
std::string id_token_claims(const ServiceAccountKey& key, std::string_view audience,
                            std::chrono::sys_seconds now);
HttpRequest grant_request(const ServiceAccountKey& key, std::string_view assertion);

/// Exchanges an assertion for a token. If Google finds our clock wrong, tries once more with the
/// time of its answer.
Result<Token> fetch_granted_token(const ServiceAccountKey& key, std::string_view scope,
                                  const SigningServices& services, const SignContext& context);
/// Signs a token. No I/O.
Result<Token> make_self_signed_token(const ServiceAccountKey& key, std::string_view scope,
                                     std::chrono::sys_seconds now);

/// Universes other than googleapis.com have no exchange: there `proof` is always self_signed.
GoogleAccountPtr make_service_account(ServiceAccountKey key, GoogleProof proof);
std::shared_ptr<const Identity> make_service_account_identity(ServiceAccountKey key,
                                                              GoogleProof proof);

}  // namespace ek

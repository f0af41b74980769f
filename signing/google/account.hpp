// Somebody whom Google knows, wherever the proof comes from, and the signer that all of them share:
// tokens out of the client's cache, the quota project, the universe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "signing/signer.hpp"
#include "signing/token_cache.hpp"

namespace ek {

/// Gives tokens. Safe from all threads.
class GoogleAccount {
 public:
  virtual ~GoogleAccount() = default;

  /// Blocks. `scope` is one OAuth scope or several with spaces between them. The services have no
  /// token cache: the answer is what will be cached.
  virtual Result<Token> fetch_access_token(std::string_view scope, const SigningServices& services,
                                           const SignContext& context) const = 0;
  /// A JWT of Google's that says who one is to `audience`, the root URL of a Cloud Run service or
  /// the client id of an Identity-Aware Proxy. Errors: authentication/credentials for accounts that
  /// Google makes none for; that is what this one says.
  virtual Result<Token> fetch_id_token(std::string_view audience, const SigningServices& services,
                                       const SignContext& context) const;

  /// Different for any two accounts; no secrets.
  [[nodiscard]] virtual std::string cache_key() const = 0;
  [[nodiscard]] virtual std::string describe() const = 0;
  /// When tokens are asked for anew.
  [[nodiscard]] virtual RefreshWindows windows() const { return {}; }
  /// The universe that knows this account.
  [[nodiscard]] virtual std::string universe_domain() const = 0;
  /// The project that pays and whose quota is used; "" if the credential file names none.
  [[nodiscard]] virtual std::string quota_project() const { return {}; }
};

using GoogleAccountPtr = std::shared_ptr<const GoogleAccount>;

/// Signs with an access token for scope.google_scope, or with an id token for scope.google_audience
/// if that is not empty. Adds x-goog-user-project to requests that have none: the value of
/// GOOGLE_CLOUD_QUOTA_PROJECT, or the account's.
/// Errors: authentication/credentials if GOOGLE_CLOUD_UNIVERSE_DOMAIN (googleapis.com if unset) is
/// not the account's universe: nothing is sent to a universe that only a file names.
Result<std::shared_ptr<Signer>> make_google_signer(const GoogleAccountPtr& account,
                                                   const SigningScope& scope,
                                                   const SigningServices& services);

std::shared_ptr<const Identity> make_google_identity(GoogleAccountPtr account);

/// The identity `source`, which must be one of Google's, proved by id tokens for `audience`.
std::shared_ptr<const Identity> make_id_token_identity(std::shared_ptr<const Identity> source,
                                                       std::string audience);

/// A token out of a JWT whose exp says how long it is good for.
/// Errors: server_error/credentials if it is no JWT or has no exp.
Result<Token> make_id_token(std::string jwt, const Environment& environment);

/// Enough of a secret's hash to tell two secrets apart in a cache key.
std::string fingerprint(std::string_view secret);

}  // namespace ek

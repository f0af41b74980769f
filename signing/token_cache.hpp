// Access tokens, kept between calls and fetched once no matter how many threads ask.
//
//   fresh   used at once
//   stale   near its end: one caller fetches early, the others keep using it
//   dead    everybody waits for one fetch, each with its own deadline and stop token
//
// A failed early fetch costs nothing: the token is used on, and the next try waits a little. The
// lock is never held while a fetch runs.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "endpointkit/error.hpp"
#include "endpointkit/ext/environment.hpp"
#include "endpointkit/secret.hpp"
#include "signing/signer.hpp"

namespace ek {

/// What a token service gave.
struct Token {
  Secret value{};
  std::chrono::seconds lifetime{};                   ///< From its arrival.
  std::optional<std::chrono::seconds> refresh_in{};  ///< When the service wants to be asked anew.
};

/// How long before its end a token changes its state; for tokens of a short life at most half and
/// a tenth of it.
struct RefreshWindows {
  std::chrono::seconds stale = std::chrono::minutes(5);
  std::chrono::seconds dead = std::chrono::seconds(30);
  std::chrono::seconds pause = std::chrono::seconds(10);        ///< Between two early fetches.
  std::chrono::seconds early_limit = std::chrono::seconds(10);  ///< For an early fetch.
};

/// How to get a token that is not there.
struct TokenSource {
  /// Everything that makes one token different from another: identity, tenant, scope, authority.
  /// No secrets.
  std::string key{};
  /// Blocks; is called without a lock, by the thread that needs the token.
  std::function<Result<Token>(const SignContext& context)> fetch{};
  RefreshWindows windows{};
};

/// Safe from all threads.
class TokenCache {
 public:
  using TokenPtr = std::shared_ptr<const Token>;

  TokenCache();
  ~TokenCache();

  /// The token for `source.key`, fetched if need be. Time is `environment`'s; a token is dead as
  /// soon as the steady or the wall clock says so, since the steady one may stop in suspend.
  /// Errors: what the fetch said, for all who waited for it; timeout/credentials and cancelled for
  /// one caller alone; fetch_is_due() where `context` does not allow one.
  Result<TokenPtr> get(const TokenSource& source, const Environment& environment,
                       const SignContext& context);
  /// Forgets the token of `key` if it still is `refused`: of many calls that were refused with the
  /// same token only the first drops it.
  void drop(const std::string& key, const Secret& refused);

  /// Remembers that the service behind `key` is not there, so that calls do not look for it anew
  /// each time: `why`, until `until` of the steady clock.
  void note_absent(const std::string& key, Error why, SteadyTime until);
  /// What note_absent() was told, while it holds at `now`.
  [[nodiscard]] std::optional<Error> absent(const std::string& key, SteadyTime now) const;
  /// When the token of `key` ends by the wall clock; none if there is no token.
  [[nodiscard]] std::optional<std::chrono::system_clock::time_point> expiry(
      const std::string& key) const;

 private:
  struct Flight;
  struct Entry;
  using Lock = std::unique_lock<std::mutex>;

  Result<TokenPtr> fetch(Lock& lock, Entry& entry, const TokenSource& source,
                         const Environment& environment, const SignContext& context);
  Result<TokenPtr> refresh_early(Lock& lock, Entry& entry, const TokenSource& source,
                                 const Environment& environment, const SignContext& context);
  static std::optional<Result<TokenPtr>> await(Lock& lock, Entry& entry,
                                               const Environment& environment,
                                               const SignContext& context);

  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;  // Nodes stay where they are; none is ever removed.
  struct Absence {
    Error why;
    SteadyTime until;
  };
  std::map<std::string, Absence> absent_;
};

}  // namespace ek

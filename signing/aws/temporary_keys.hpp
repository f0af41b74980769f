// AWS keys that end: what every source but the plain ones gives, and their way into the cache that
// all tokens share. One fetch serves all threads; keys near their end are replaced early by one
// caller while the others sign on with the old ones.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "signing/aws/identity.hpp"
#include "signing/signer.hpp"

namespace ek {

struct TemporaryKeys {
  AwsKeys keys{};
  std::optional<std::chrono::sys_seconds> expires{};  ///< None: they are good until refused.
  std::string account_id{};                           ///< "" if the source did not say.
  bool operator==(const TemporaryKeys&) const = default;
};

/// The keys in a JSON object with AccessKeyId, SecretAccessKey, the member `token_name`
/// ("SessionToken" or "Token"), Expiration (RFC 3339) and AccountId, as programs and metadata
/// services give them. The last three may be missing; names are matched without regard to case.
/// Errors: server_error/credentials, naming `who` and the member that is missing.
Result<TemporaryKeys> parse_keys_json(std::string_view who, std::string_view token_name,
                                      std::string_view body);

/// How to get keys that are not there.
struct TemporaryKeySource {
  /// Everything that makes these keys different from others: the source, role, region. No secrets.
  std::string cache_key{};
  std::string description{};  ///< "AWS role arn:aws:iam::…:role/Model through profile \"dev\""
  /// Blocks; called without a lock by the thread that needs the keys.
  std::function<Result<TemporaryKeys>(const SignContext& context)> fetch{};
};

/// Keys out of the client's cache: asked for ten minutes before their end, waited for in the last
/// one. Refused keys are fetched anew once.
AwsKeySource cached_aws_keys(TemporaryKeySource source, const SigningServices& services);

/// A SigV4 signer on cached_aws_keys().
std::shared_ptr<Signer> make_temporary_keys_signer(TemporaryKeySource source,
                                                   const SigningScope& scope,
                                                   const SigningServices& services);

}  // namespace ek

// AWS keys as an identity, and the signer that uses keys from any source.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "endpointkit/error.hpp"
#include "signing/signer.hpp"
#include "signing/sigv4.hpp"

namespace ek {

/// Keys that are given. Their session token is the one given with them, or none: never one from
/// the environment, which belongs to other keys.
std::shared_ptr<const Identity> make_aws_identity(AwsKeys keys);

/// Where a signer takes its keys from at each signature.
struct AwsKeySource {
  std::string description{};  ///< "AWS access key AKID…MPLE"
  /// The same pointer for as long as the keys are the same, which keeps the derived key too.
  std::function<Result<std::shared_ptr<const AwsKeys>>(const SignContext& context)> get{};
  /// Forgets keys that were refused; not set if there can be no others.
  std::function<void(const AwsKeys& refused)> drop{};
  /// When the keys of the last get() end; not set, or none, if they do not.
  std::function<std::optional<std::chrono::system_clock::time_point>()> expiry{};
};
/// Keys that do not change. `origin` is "", or " from the environment".
AwsKeySource fixed_aws_keys(AwsKeys keys, std::string_view origin = "");

/// For Signer::explain(): whose keys `source` gives, and until when.
CredentialReport explain_aws_keys(const AwsKeySource& source, const SignContext& context);

/// Errors: authentication/credentials for a member that is empty or holds blanks or line breaks,
/// which are pasted with it: SignatureDoesNotMatch would be the answer.
Result<void> check_aws_keys(const AwsKeys& keys);

/// True if AWS_DISABLE_CLOCK_SKEW_CORRECTION is, or else disable_clock_skew_correction of the
/// profile: what servers say of the time is not believed. Files that cannot be read say nothing.
bool keeps_own_clock(const Environment& environment);

/// What all signers with AWS keys have in common: everything but how they sign.
class AwsSigner : public Signer {
 public:
  AwsSigner(AwsKeySource source, SigningScope scope,
            std::shared_ptr<const Environment> environment);

  /// Drops the keys of the first Authorization header, if access_key_of() finds them there.
  bool renew(const std::vector<Header>& refused) final;
  [[nodiscard]] bool is_dated() const final;
  [[nodiscard]] std::string describe() const final;
  CredentialReport explain(const SignContext& context) final;
  Result<std::string> fetch_identity(const SigningServices& services,
                                     const SignContext& context) final;

 protected:
  /// Whose proof this is; "" if it is none of ours.
  [[nodiscard]] virtual std::string access_key_of(std::string_view authorization) const = 0;
  [[nodiscard]] std::chrono::sys_seconds now() const;

  const AwsKeySource source_;
  const SigningScope scope_;
  const std::shared_ptr<const Environment> environment_;

 private:
  // Read once, since is_dated() is asked after each answer.
  mutable std::once_flag clock_read_;
  mutable bool keeps_own_clock_ = false;
};

/// SigV4 by header, for the scope's service and region. Gives x-amz-date, authorization and, with
/// temporary keys, x-amz-security-token. For a scope that wants a bearer token, that of
/// signing/aws/bearer.hpp.
std::shared_ptr<Signer> make_sigv4_signer(AwsKeySource source, SigningScope scope,
                                          std::shared_ptr<const Environment> environment);

}  // namespace ek

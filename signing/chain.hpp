// Where identities come from when nobody names one: an ordered list of sources per cloud. The first
// that is configured gives the signer; one that is configured and broken is an error, never
// skipped. A new source is one file with a find function and one line in the cloud's chain.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "signing/signer.hpp"

namespace ek {

/// One place to look at.
struct CredentialSource {
  std::string_view name{};  ///< "environment variables"
  /// The variables that it reads, for the message that nothing was found. No values are shown.
  std::span<const std::string_view> variables{};
  /// A signer, or null if this source is not configured or cannot serve `scope`; then `why_not`
  /// says why, naming variables and files and never a value. May do I/O.
  Result<std::shared_ptr<Signer>> (*find)(const SigningScope& scope,
                                          const SigningServices& services,
                                          const SignContext& context,
                                          std::string& why_not) = nullptr;
};

struct CredentialChain {
  std::string_view kind{};  ///< "AWS credentials"
  std::span<const CredentialSource> sources{};
  std::string_view advice{};  ///< What to do if nothing is found: a sentence.
};

/// Looks along `chain` at its first sign(), once it has found something never again. Lifetime: what
/// `chain` views must be static.
std::shared_ptr<Signer> make_chain_signer(const CredentialChain& chain, SigningScope scope,
                                          SigningServices services);

/// The value of a variable; none if it is unset or empty.
std::optional<std::string> variable(const Environment& environment, std::string_view name);

}  // namespace ek

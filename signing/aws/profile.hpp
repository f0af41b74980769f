// Keys by a profile of the AWS config and credentials files, whatever it leads to: static keys,
// roles over roles, IAM Identity Center, `aws login`, a program, a container or an instance.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "endpointkit/credentials.hpp"
#include "signing/aws/temporary_keys.hpp"
#include "signing/chain.hpp"

namespace ek {

/// Reads the files anew and follows the profile. `called_region` is that of the endpoint; STS is
/// asked there if neither environment nor profile names a region. `mfa` may be empty.
/// Errors: authentication/credentials if the profile says nothing about keys, its settings are
/// wrong, or it takes an MFA code and there is nobody to ask; else those of the sources.
Result<TemporaryKeys> fetch_profile_keys(const std::string& profile, std::string_view called_region,
                                         const MfaPrompt& mfa, const SigningServices& services,
                                         const SignContext& context);

/// The profile of AWS_PROFILE, else "default". Not configured if there is no profile "default", or
/// if the chosen one says nothing about keys: people keep a region there and nothing else.
CredentialSource aws_profile_source();

/// One profile and no other. Neither it nor the files are looked at before the first call.
std::shared_ptr<const Identity> make_aws_profile_identity(std::string profile, MfaPrompt mfa);

}  // namespace ek

// Keys by IAM Identity Center: the token that `aws sso login` left in a file, refreshed when it
// ends, is exchanged for keys of a role.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html
#pragma once

#include <chrono>
#include <string>

#include "signing/aws/profile_chain.hpp"
#include "signing/aws/temporary_keys.hpp"

namespace ek {

struct SsoToken {
  Secret value{};
  std::chrono::sys_seconds expires{};
};

/// The token of a session. One that ends within five minutes is replaced if the file has what that
/// takes, and written back for other programs; if that fails it is used until its end.
/// Errors: authentication/credentials, with the command that signs in, if there is no token, it has
/// ended or the file is broken.
Result<SsoToken> fetch_sso_token(const SsoSource& source, const SigningServices& services,
                                 const SignContext& context);

/// Keys of the role. Errors: as above; authentication/credentials if the source names no role or it
/// is refused; unavailable or rate_limit for what may pass.
Result<TemporaryKeys> fetch_sso_keys(const SsoSource& source, const SigningServices& services,
                                     const SignContext& context);

}  // namespace ek

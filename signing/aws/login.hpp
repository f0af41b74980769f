// Keys of the person whom `aws login` signed in: a file that the AWS command line keeps, replaced
// by a refresh token which is bound to a key pair (DPoP, RFC 9449).
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-login-credentials.html
#pragma once

#include "signing/aws/profile_chain.hpp"
#include "signing/aws/temporary_keys.hpp"

namespace ek {

/// The keys in the session's file. Those that end within five minutes are replaced, and written
/// back for other programs: the refresh token changes at each use. If that fails they are used
/// until their end.
/// Errors: authentication/credentials, with the command that signs in, if there is no session, it
/// has ended or the file is broken.
Result<TemporaryKeys> fetch_login_keys(const LoginSession& session, const SigningServices& services,
                                       const SignContext& context);

}  // namespace ek

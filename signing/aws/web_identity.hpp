// Keys of a role for a token in a file, as EKS gives to service accounts (IRSA) and CI systems can.
// https://docs.aws.amazon.com/sdkref/latest/guide/access-assume-role-web.html
#pragma once

#include "signing/chain.hpp"

namespace ek {

/// AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, with AWS_ROLE_SESSION_NAME if it is set. The file
/// without the role is an error.
CredentialSource aws_web_identity_source();

}  // namespace ek

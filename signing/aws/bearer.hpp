// AWS keys where a service takes only a bearer token: a presigned call of CallWithBearerToken as
// text, which SageMaker's OpenAI-compatible route and Bedrock accept. And Bedrock's long-term keys.
// https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-generate.html
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "signing/aws/identity.hpp"
#include "signing/chain.hpp"

namespace ek {

/// "sagemaker-api-key-…" or "bedrock-api-key-…": good for `lifetime`, or as long as the keys.
/// Errors: invalid_request if `lifetime` is not 1 s to 12 h.
Result<Secret> make_aws_bearer(Sha256& sha, const AwsKeys& keys, std::string_view service,
                               std::string_view region, std::chrono::sys_seconds time,
                               std::chrono::seconds lifetime);

/// Makes a token for each request, since that costs no round trip: one that leaks is of use for an
/// hour and for this service and region only. Sent over https, or to this machine.
std::shared_ptr<Signer> make_aws_bearer_signer(AwsKeySource source, SigningScope scope,
                                               std::shared_ptr<const Environment> environment);

/// AWS_BEARER_TOKEN_BEDROCK, for the services of Bedrock: goes before all keys, as in the SDKs.
CredentialSource aws_bearer_key_source();

}  // namespace ek

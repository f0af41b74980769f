// AWS Signature Version 4a: SigV4 with an ECDSA key, so that one signature holds in several regions
// and a region needs no secret to verify it. The canonical request is that of sigv4.hpp.
#pragma once

#include <chrono>
#include <string_view>

#include "endpointkit/error.hpp"
#include "signing/crypto/ec.hpp"
#include "signing/sigv4.hpp"

namespace ek {

/// The signing key of an access key: good for all days, regions and services. Worth keeping.
/// Errors: authentication/credentials, with a probability of 2^-32 to the power of 254.
Result<EcPrivateKey> derive_sigv4a_key(Sha256& sha, const AwsKeys& keys);

/// Who signs for what and when. Views: the texts must live as long.
struct SigV4aContext {
  std::string_view access_key_id{};
  std::string_view session_token{};
  std::string_view region_set{};  ///< "us-east-1,us-west-2", or "*".
  std::string_view service{};
  std::chrono::sys_seconds time{};
};

/// Signs by header; adds x-amz-region-set. Errors: those of the key.
Result<SigV4Trace> sign_sigv4a(Sha256& sha, const SigV4Request& request,
                               const SigV4aContext& context, const EcPrivateKey& key,
                               const SigV4Options& options = {});

/// Signs by query. Errors: invalid_request if `lifetime` is not 1 s to 7 days; those of the key.
Result<SigV4Trace> presign_sigv4a(Sha256& sha, const SigV4Request& request,
                                  const SigV4aContext& context, const EcPrivateKey& key,
                                  std::chrono::seconds lifetime, const SigV4Options& options = {});

}  // namespace ek

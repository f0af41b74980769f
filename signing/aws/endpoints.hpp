// Where AWS services are: the one place that knows partitions, host names, their FIPS and
// dual-stack variants, and the settings that all SDKs share. Pure, and made of tables: it gives
// what the rule sets of the SDKs give (endpoint-rule-set-1.json, November 2026) for the services
// that this library calls.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "endpointkit/call_options.hpp"
#include "endpointkit/error.hpp"
#include "endpointkit/ext/environment.hpp"

namespace ek {

/// Which of a service's hosts is wanted. What is not set is for the environment to say.
struct AwsEndpointSettings {
  std::optional<bool> fips{};        ///< Hosts with FIPS 140 validated cryptography.
  std::optional<bool> dual_stack{};  ///< Hosts that are reached over IPv6 too.
  std::string url{};                 ///< Instead of all of them: PrivateLink, an emulator.
};

struct ResolvedEndpoint {
  std::string url{};             ///< Without a slash at its end.
  std::string signing_region{};  ///< That of the scope of a signature; of one service another.
  bool operator==(const ResolvedEndpoint&) const = default;
};

/// Services are "sagemaker-runtime", "sagemaker", "bedrock-runtime", "bedrock", "sts", "sso",
/// "sso-oidc", "signin", "signin-oauth" and "signin-control".
/// Errors: invalid_request for another service, a region that is missing or no host label, a URL
/// together with a variant, or FIPS where the service has none.
Result<ResolvedEndpoint> resolve_aws_endpoint(std::string_view service, std::string_view region,
                                              const AwsEndpointSettings& settings);

/// Fills what `given` leaves open. Flags: AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT. URL:
/// AWS_ENDPOINT_URL_<SERVICE>, else AWS_ENDPOINT_URL, unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is
/// true. Behind each variable stands the setting of the same meaning in the profile
/// (use_fips_endpoint, use_dualstack_endpoint, ignore_configured_endpoint_urls, endpoint_url in its
/// `services` section and in itself). Errors: invalid_request for a flag that is neither true nor
/// false, and for an unusable URL; authentication/credentials if the profile cannot be read.
Result<AwsEndpointSettings> aws_endpoint_settings(const Environment& environment,
                                                  std::string_view service,
                                                  AwsEndpointSettings given = {});

/// The two steps above.
Result<ResolvedEndpoint> find_aws_endpoint(const Environment& environment, std::string_view service,
                                           std::string_view region, AwsEndpointSettings given = {});

/// AWS_RETRY_MODE (standard, adaptive, or legacy, which is taken for standard) and
/// AWS_MAX_ATTEMPTS, or the profile's retry_mode and max_attempts. Errors: as above.
Result<RetryPolicy> aws_retry_policy(const Environment& environment);

/// The DNS suffix of the partition that a region belongs to; unknown regions belong to "aws".
std::string_view aws_dns_suffix(std::string_view region) noexcept;

/// `region`, or "aws-global" if AWS_STS_REGIONAL_ENDPOINTS is "legacy" and it is one of those that
/// used the global host of STS then.
std::string sts_region(const Environment& environment, std::string_view region);

}  // namespace ek

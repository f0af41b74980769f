// The role of an EC2 instance: keys from its metadata service (IMDSv2), found without
// configuration.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "signing/aws/temporary_keys.hpp"
#include "signing/chain.hpp"

namespace ek {

struct ImdsSettings {
  std::string endpoint = "http://169.254.169.254";
  bool named = false;     ///< The endpoint was given: that it does not answer is an error then.
  bool allow_v1 = false;  ///< Ask without a token where there is none to be had.
  std::optional<std::chrono::milliseconds> timeout{};  ///< Of one question, if it was set.
  std::optional<int> attempts{};                       ///< For one question, if it was set.
  bool operator==(const ImdsSettings&) const = default;
};

/// AWS_EC2_METADATA_SERVICE_ENDPOINT, else what AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE (IPv4, IPv6)
/// means, else ec2_metadata_service_endpoint and _mode of the profile. Version 1, which answers
/// every process that can be made to send a GET, is asked only if AWS_EC2_METADATA_V1_DISABLED or
/// ec2_metadata_v1_disabled says "false" in so many letters. AWS_METADATA_SERVICE_TIMEOUT (seconds)
/// and AWS_METADATA_SERVICE_NUM_ATTEMPTS, else metadata_service_timeout and _num_attempts, make the
/// search longer or shorter than usual. None if AWS_EC2_METADATA_DISABLED is true.
/// Errors: authentication/credentials, naming the variable that is wrong.
Result<std::optional<ImdsSettings>> imds_settings(const Environment& environment);

/// Token, name of the role, its keys. Whether there is such a service at all is known within one
/// second, if the settings do not want it otherwise, and if there is none that is remembered by the
/// client for five minutes. Keys that have ended, which the service gives while it cannot reach its
/// own source, are used on for a while. Errors: authentication/credentials if there is no service,
/// no role, or a refusal; timeout/credentials and unavailable if it does not answer now.
Result<TemporaryKeys> fetch_imds_keys(const SigningServices& services, const SignContext& context);

/// Looks whether there is a role, so a machine that is no instance goes on with the chain. While
/// the service fails later, the last keys are used on.
CredentialSource aws_imds_source();

}  // namespace ek

// Keys of a role from the Security Token Service, by its query protocol.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "signing/aws/temporary_keys.hpp"

namespace ek {

struct AssumedRole {
  std::string role_arn{};
  std::string session_name{};  ///< "" for one made up of the time.
  std::string external_id{};
  std::optional<std::chrono::seconds> duration{};
  std::string mfa_serial{};
  Secret mfa_code{};  ///< Of the device `mfa_serial`, from a human.
};

/// Signed with `keys`. The host is that of `region`; see find_aws_endpoint() for what changes it.
/// Errors: authentication/credentials with STS's code and words; unavailable or rate_limit for what
/// may pass; invalid_request if no region is known.
Result<TemporaryKeys> fetch_assumed_role(const AssumedRole& role, const AwsKeys& keys,
                                         std::string_view region, const SigningServices& services,
                                         const SignContext& context);

struct WebIdentityRole {
  std::string role_arn{};
  std::string session_name{};  ///< "" for one made up of the time.
  std::string token_file{};
};

/// Unsigned: the token in the file is the proof. The file is read anew each time, and once more if
/// STS says that its token has expired.
/// Errors: as above, and authentication/credentials if the file cannot be read or is empty.
Result<TemporaryKeys> fetch_web_identity_role(const WebIdentityRole& role, std::string_view region,
                                              const SigningServices& services,
                                              const SignContext& context);

/// The ARN of whom `keys` belong to: STS tells it to everybody who signs, whatever else is allowed.
/// Errors: as above, and server_error/credentials if the answer has none.
Result<std::string> fetch_caller_identity(const AwsKeys& keys, std::string_view region,
                                          const SigningServices& services,
                                          const SignContext& context);

/// The Credentials of an answer to either. Errors: server_error/credentials if one is missing.
Result<TemporaryKeys> parse_sts_reply(std::string_view xml);

}  // namespace ek

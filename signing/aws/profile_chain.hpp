// What a profile says about where keys come from: a first source, and the roles that are assumed
// with it one after the other. Pure: nothing is run, read or asked.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "endpointkit/error.hpp"
#include "signing/aws/config_file.hpp"
#include "signing/sigv4.hpp"

namespace ek {

/// aws_access_key_id, aws_secret_access_key, aws_session_token.
struct StaticKeys {
  AwsKeys keys{};
};
/// credential_source: "Environment", "Ec2InstanceMetadata" or "EcsContainer".
struct NamedSource {
  std::string name{};
};
/// A role for the token in a file, which another system keeps fresh.
struct WebIdentity {
  std::string role_arn{};
  std::string token_file{};
  std::string session_name{};  ///< "" for one made up.
};
/// IAM Identity Center. Without account and role it gives a token, but no keys.
struct SsoSource {
  std::string session{};  ///< "" if the settings stand in the profile itself, as of old.
  std::string start_url{};
  std::string region{};
  std::string account_id{};
  std::string role_name{};
};
/// login_session: whom `aws login` signed in.
struct LoginSession {
  std::string session{};
};
/// credential_process: a command line for the shell.
struct ProcessSource {
  std::string command{};
};
using KeyOrigin =
    std::variant<StaticKeys, NamedSource, WebIdentity, SsoSource, LoginSession, ProcessSource>;

struct RoleStep {
  std::string role_arn{};
  std::string session_name{};  ///< "" for one made up.
  std::string external_id{};
  std::string mfa_serial{};
  std::optional<std::chrono::seconds> duration{};
};

struct ProfileChain {
  KeyOrigin origin{};
  std::string account_id{};       ///< aws_account_id of the profile with the origin, or "".
  std::vector<RoleStep> roles{};  ///< In the order in which they are assumed.
};

/// What `name` leads to; none if it says nothing about keys, or if there is no profile "default".
/// Errors: authentication/credentials for a missing profile, a loop, and settings that contradict
/// each other or are incomplete, naming profile and setting.
Result<std::optional<ProfileChain>> resolve_profile(const AwsConfig& config,
                                                    const std::string& name);

/// "static keys", "AWS IAM Identity Center", …
std::string_view describe_origin(const KeyOrigin& origin) noexcept;

}  // namespace ek

// Settings that the AWS SDKs share: which files, which profile, which region. Each function reads
// the environment and the files anew, so that nothing is frozen; none touches the network.
// https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "endpointkit/ext/environment.hpp"
#include "signing/aws/config_file.hpp"

namespace ek {

/// Paths; "" where no home is known.
struct AwsFiles {
  std::string config{};          ///< AWS_CONFIG_FILE, else ~/.aws/config
  std::string credentials{};     ///< AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials
  std::string sso_tokens{};      ///< The folder ~/.aws/sso/cache
  std::string login_sessions{};  ///< The folder AWS_LOGIN_CACHE_DIRECTORY, else ~/.aws/login/cache
};
/// Home is HOME, else USERPROFILE, else HOMEDRIVE with HOMEPATH.
AwsFiles aws_files(const Environment& environment);

/// Both files. One that cannot be read counts as empty: most machines have neither.
/// Errors: those of parse_aws_config().
Result<AwsConfig> load_aws_config(const Environment& environment);

/// AWS_PROFILE, else AWS_DEFAULT_PROFILE, else "default".
std::string aws_profile_name(const Environment& environment);
/// The same environment with another profile chosen.
Environment with_aws_profile(const Environment& environment, std::string name);

/// A property of the chosen profile: "use_fips_endpoint". None if it or the profile is missing.
Result<std::optional<std::string>> aws_profile_setting(const Environment& environment,
                                                       std::string_view name);
/// A property in the `services` section that the chosen profile names: of the block "sts" the
/// "endpoint_url".
Result<std::optional<std::string>> aws_service_setting(const Environment& environment,
                                                       std::string_view service,
                                                       std::string_view name);

/// AWS_REGION, else AWS_DEFAULT_REGION, else the chosen profile's region. Never a guess, and never
/// the network: "" if none is set. Errors: those of load_aws_config().
Result<std::string> aws_region(const Environment& environment);
/// aws_region(), else that of the endpoint which is called: where to ask for keys.
Result<std::string> aws_region_or(const Environment& environment, std::string_view called);

}  // namespace ek

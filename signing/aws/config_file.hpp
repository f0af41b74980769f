// The files that the AWS command line and SDKs share: ~/.aws/config and ~/.aws/credentials. Pure.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "endpointkit/error.hpp"

namespace ek {

/// Properties by name in lower case. A nested block is one value: "\nname = value\nname2 = …".
using AwsSection = std::map<std::string, std::string, std::less<>>;

struct AwsConfig {
  std::map<std::string, AwsSection, std::less<>> profiles{};
  std::map<std::string, AwsSection, std::less<>> sso_sessions{};
  std::map<std::string, AwsSection, std::less<>> services{};
};

/// A file as read; `path` is for messages.
struct AwsFileText {
  std::string_view path{};
  std::string_view text{};
};

/// Both files as one. Sections of a name merge, the credentials file wins over the config file, the
/// last of two equal properties wins, and [profile default] replaces [default]. Sections and
/// properties whose names are not allowed are left out, as all SDKs do.
/// Errors: authentication/credentials with path and line for what is no section, no property or no
/// continuation. No text of the file is shown: it may be a secret.
Result<AwsConfig> parse_aws_config(const AwsFileText& config, const AwsFileText& credentials);

/// A property of a section; none if it is missing or empty.
std::optional<std::string> property(const AwsSection& section, std::string_view name);
/// A property inside the nested block `block` of a section; none if it is missing or empty.
std::optional<std::string> nested_property(const AwsSection& section, std::string_view block,
                                           std::string_view name);

}  // namespace ek

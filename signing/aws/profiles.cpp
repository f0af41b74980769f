#include "signing/aws/profiles.hpp"

#include <utility>

#include "signing/chain.hpp"

namespace ek {
namespace {

std::string home_of(const Environment& environment) {
  for (const char* name : {"HOME", "USERPROFILE"}) {
    if (auto home = variable(environment, name)) return *std::move(home);
  }
  const auto drive = variable(environment, "HOMEDRIVE");
  const auto path = variable(environment, "HOMEPATH");
  return drive && path ? *drive + *path : "";
}

// Home folders of Windows are told from others by what separates them.
char separator_of(const std::string& home) noexcept {
  return home.find('\\') != std::string::npos && home.find('/') == std::string::npos ? '\\' : '/';
}

// ".aws/config" below home; "" without one.
std::string below(const std::string& home, std::string path) {
  if (home.empty()) return "";
  const char separator = separator_of(home);
  for (char& c : path) {
    if (c == '/') c = separator;
  }
  return home + separator + path;
}

std::string path_or(const Environment& environment, const char* name, const std::string& home,
                    const char* path) {
  auto given = variable(environment, name);
  if (!given) return below(home, path);
  return given->starts_with("~/") ? below(home, given->substr(2)) : *std::move(given);
}

std::string read_or_nothing(const Environment& environment, const std::string& path) {
  if (path.empty()) return "";
  auto text = environment.read_file(path);
  return text ? *std::move(text) : "";
}

}  // namespace

AwsFiles aws_files(const Environment& environment) {
  const std::string home = home_of(environment);
  return {
      .config = path_or(environment, "AWS_CONFIG_FILE", home, ".aws/config"),
      .credentials = path_or(environment, "AWS_SHARED_CREDENTIALS_FILE", home, ".aws/credentials"),
      .sso_tokens = below(home, ".aws/sso/cache"),
      .login_sessions =
          path_or(environment, "AWS_LOGIN_CACHE_DIRECTORY", home, ".aws/login/cache")};
}

Result<AwsConfig> load_aws_config(const Environment& environment) {
  const AwsFiles files = aws_files(environment);
  const std::string config = read_or_nothing(environment, files.config);
  const std::string credentials = read_or_nothing(environment, files.credentials);
  return parse_aws_config({.path = files.config, .text = config},
                          {.path = files.credentials, .text = credentials});
}

std::string aws_profile_name(const Environment& environment) {
  if (auto name = variable(environment, "AWS_PROFILE")) return *std::move(name);
  return variable(environment, "AWS_DEFAULT_PROFILE").value_or("default");
}

Environment with_aws_profile(const Environment& environment, std::string name) {
  Environment out = environment;
  out.variable = [inner = environment.variable, chosen = std::move(name)](
                     const std::string& asked) -> std::optional<std::string> {
    if (asked == "AWS_PROFILE") return chosen;
    return inner(asked);
  };
  return out;
}

Result<std::optional<std::string>> aws_profile_setting(const Environment& environment,
                                                       std::string_view name) {
  const auto config = load_aws_config(environment);
  if (!config) return config.error();
  const auto profile = config->profiles.find(aws_profile_name(environment));
  if (profile == config->profiles.end()) return std::optional<std::string>();
  return property(profile->second, name);
}

Result<std::optional<std::string>> aws_service_setting(const Environment& environment,
                                                       std::string_view service,
                                                       std::string_view name) {
  const auto config = load_aws_config(environment);
  if (!config) return config.error();
  const auto profile = config->profiles.find(aws_profile_name(environment));
  if (profile == config->profiles.end()) return std::optional<std::string>();
  const auto section = config->services.find(property(profile->second, "services").value_or(""));
  if (section == config->services.end()) return std::optional<std::string>();
  return nested_property(section->second, service, name);
}

Result<std::string> aws_region(const Environment& environment) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = variable(environment, name)) return *std::move(region);
  }
  auto region = aws_profile_setting(environment, "region");
  if (!region) return std::move(region).error();
  return std::move(*region).value_or("");
}

Result<std::string> aws_region_or(const Environment& environment, std::string_view called) {
  auto region = aws_region(environment);
  if (region && region->empty()) return std::string(called);
  return region;
}

}  // namespace ek

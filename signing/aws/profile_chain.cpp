#include "signing/aws/profile_chain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

using MaybeOrigin = std::optional<KeyOrigin>;

// A profile under its name, with errors that name it.
struct Profile {
  const std::string& name;
  const AwsSection& section;

  [[nodiscard]] bool has(std::string_view setting) const {
    return property(section, setting).has_value();
  }
  [[nodiscard]] std::string text(std::string_view setting) const {
    return property(section, setting).value_or("");
  }
  [[nodiscard]] Error wrong(std::string_view what) const {
    return credentials_error(fmt::format("AWS profile \"{}\": {}", printable(name), what));
  }
};

bool has_static_keys(const Profile& profile) {
  return profile.has("aws_access_key_id") || profile.has("aws_secret_access_key");
}

Result<KeyOrigin> static_keys(const Profile& profile) {
  for (const char* name : {"aws_access_key_id", "aws_secret_access_key"}) {
    if (!profile.has(name)) return profile.wrong(fmt::format("{} is missing", name));
  }
  return KeyOrigin(StaticKeys{{.access_key_id = profile.text("aws_access_key_id"),
                               .secret_access_key = Secret(profile.text("aws_secret_access_key")),
                               .session_token = Secret(profile.text("aws_session_token"))}});
}

Result<KeyOrigin> web_identity(const Profile& profile) {
  if (!profile.has("role_arn"))
    return profile.wrong("web_identity_token_file needs a role_arn, which is missing");
  return KeyOrigin(WebIdentity{.role_arn = profile.text("role_arn"),
                               .token_file = profile.text("web_identity_token_file"),
                               .session_name = profile.text("role_session_name")});
}

// With a session, where to sign in is said there and nowhere else.
Result<void> take_session(const Profile& profile, const AwsConfig& config, SsoSource& sso) {
  const auto session = config.sso_sessions.find(sso.session);
  if (session == config.sso_sessions.end()) {
    return profile.wrong(fmt::format(
        "there is no section [sso-session {}], which sso_session names", printable(sso.session)));
  }
  for (auto [setting, value] :
       {std::pair("sso_region", &sso.region), std::pair("sso_start_url", &sso.start_url)}) {
    std::string there = property(session->second, setting).value_or("");
    if (!value->empty() && *value != there) {
      return profile.wrong(fmt::format("{} differs from that of [sso-session {}]: keep that one",
                                       setting, printable(sso.session)));
    }
    *value = std::move(there);
  }
  return {};
}

Result<KeyOrigin> sso(const Profile& profile, const AwsConfig& config) {
  SsoSource out{.session = profile.text("sso_session"),
                .start_url = profile.text("sso_start_url"),
                .region = profile.text("sso_region"),
                .account_id = profile.text("sso_account_id"),
                .role_name = profile.text("sso_role_name")};
  if (!out.session.empty()) {
    if (auto good = take_session(profile, config, out); !good) return std::move(good).error();
  }
  if (out.region.empty()) return profile.wrong("sso_region is missing");
  if (out.start_url.empty()) return profile.wrong("sso_start_url is missing");
  if (out.account_id.empty() != out.role_name.empty()) {
    return profile.wrong("sso_account_id and sso_role_name belong together, but one is missing");
  }
  if (out.account_id.empty() && out.session.empty())
    return profile.wrong("sso_account_id and sso_role_name are missing");
  return KeyOrigin(std::move(out));
}

// Keys that need no other profile. None if the profile holds none of their settings.
Result<MaybeOrigin> own_origin(const Profile& profile, const AwsConfig& config) {
  const auto some = [](Result<KeyOrigin> origin) -> Result<MaybeOrigin> {
    if (!origin) return std::move(origin).error();
    return MaybeOrigin(*std::move(origin));
  };
  if (has_static_keys(profile)) return some(static_keys(profile));
  if (profile.has("web_identity_token_file")) return some(web_identity(profile));
  if (profile.has("login_session"))
    return MaybeOrigin(LoginSession{.session = profile.text("login_session")});
  constexpr std::array sso_settings = {"sso_session", "sso_account_id", "sso_role_name",
                                       "sso_start_url"};
  if (std::any_of(sso_settings.begin(), sso_settings.end(),
                  [&](const char* setting) { return profile.has(setting); })) {
    return some(sso(profile, config));
  }
  if (profile.has("credential_process"))
    return MaybeOrigin(ProcessSource{.command = profile.text("credential_process")});
  return MaybeOrigin();
}

Result<NamedSource> named_source(const Profile& profile) {
  std::string name = profile.text("credential_source");
  for (const char* known : {"Environment", "Ec2InstanceMetadata", "EcsContainer"}) {
    if (name == known) return NamedSource{std::move(name)};
  }
  return profile.wrong(
      fmt::format("credential_source is \"{}\"; it takes Environment, Ec2InstanceMetadata or "
                  "EcsContainer",
                  clip(printable(name), 60)));
}

Result<RoleStep> role_step(const Profile& profile) {
  RoleStep step{.role_arn = profile.text("role_arn"),
                .session_name = profile.text("role_session_name"),
                .external_id = profile.text("external_id"),
                .mfa_serial = profile.text("mfa_serial")};
  if (const std::string text = profile.text("duration_seconds"); !text.empty()) {
    int seconds = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool is_number = failure == std::errc{} && end == text.data() + text.size();
    if (!is_number || seconds < 900 || seconds > 43'200) {
      return profile.wrong(fmt::format("duration_seconds is \"{}\"; it takes 900 to 43200",
                                       clip(printable(text), 20)));
    }
    step.duration = std::chrono::seconds(seconds);
  }
  return step;
}

bool assumes_role(const Profile& profile) {
  return profile.has("role_arn") && !profile.has("web_identity_token_file");
}

// Follows source_profile from profile to profile and collects the roles on the way.
class Walk {
 public:
  explicit Walk(const AwsConfig& config) : config_(config) {}

  Result<std::optional<ProfileChain>> run(const std::string& start) {
    std::string name = start;
    while (true) {
      const auto found = config_.profiles.find(name);
      if (found == config_.profiles.end()) return missing(name);
      const Profile profile{found->first, found->second};
      // Only a profile that names itself may come twice: for keys beside its role.
      const bool seen = std::find(visited_.begin(), visited_.end(), name) != visited_.end();
      if (seen && (visited_.back() != name || !has_static_keys(profile))) return loop(name);
      // A profile that others build on, and that has keys, gives them.
      const bool gives_keys = !visited_.empty() && has_static_keys(profile);
      if (gives_keys || !assumes_role(profile)) return end_at(profile);
      visited_.push_back(name);
      if (auto good = add_role(profile); !good) return std::move(good).error();
      if (profile.has("credential_source")) return end_at_named(profile);
      name = profile.text("source_profile");
    }
  }

 private:
  Result<void> add_role(const Profile& profile) {
    const bool by_profile = profile.has("source_profile");
    const bool by_name = profile.has("credential_source");
    if (by_profile && by_name)
      return profile.wrong("it has both source_profile and credential_source: keep one");
    if (!by_profile && !by_name)
      return profile.wrong("role_arn needs source_profile or credential_source to assume it with");
    auto step = role_step(profile);
    if (!step) return std::move(step).error();
    chain_.roles.push_back(*std::move(step));
    return {};
  }

  Result<std::optional<ProfileChain>> end_at_named(const Profile& profile) {
    auto source = named_source(profile);
    if (!source) return std::move(source).error();
    return finish(*std::move(source), profile);
  }

  Result<std::optional<ProfileChain>> end_at(const Profile& profile) {
    auto origin = own_origin(profile, config_);
    if (!origin) return std::move(origin).error();
    if (*origin) return finish(**std::move(origin), profile);
    if (visited_.empty()) return std::optional<ProfileChain>();
    return profile.wrong(
        fmt::format("source_profile of \"{}\" names it, but it says nothing about keys",
                    printable(visited_.back())));
  }

  Result<std::optional<ProfileChain>> finish(KeyOrigin origin, const Profile& profile) {
    chain_.origin = std::move(origin);
    chain_.account_id = profile.text("aws_account_id");
    std::reverse(chain_.roles.begin(), chain_.roles.end());
    return std::optional<ProfileChain>(std::move(chain_));
  }

  Result<std::optional<ProfileChain>> missing(const std::string& name) const {
    if (!visited_.empty()) {
      return credentials_error(
          fmt::format("AWS profile \"{}\": source_profile names \"{}\", which is in neither file",
                      printable(visited_.back()), clip(printable(name), 80)));
    }
    if (name == "default") return std::optional<ProfileChain>();
    return credentials_error(fmt::format(
        "AWS profile \"{}\" is in neither the config nor the credentials file", printable(name)));
  }

  Error loop(const std::string& name) const {
    return credentials_error(fmt::format("AWS profiles form a loop by source_profile: {} -> {}",
                                         printable(fmt::format("{}", fmt::join(visited_, " -> "))),
                                         printable(name)));
  }

  const AwsConfig& config_;
  std::vector<std::string> visited_;
  ProfileChain chain_;
};

}  // namespace

Result<std::optional<ProfileChain>> resolve_profile(const AwsConfig& config,
                                                    const std::string& name) {
  return Walk(config).run(name);
}

std::string_view describe_origin(const KeyOrigin& origin) noexcept {
  constexpr std::array<std::string_view, std::variant_size_v<KeyOrigin>> names = {
      "static keys", "credential_source", "a web identity", "AWS IAM Identity Center",
      "aws login",   "credential_process"};
  return names[origin.index()];
}

}  // namespace ek

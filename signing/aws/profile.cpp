#include "signing/aws/profile.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/text.hpp"
#include "signing/aws/container.hpp"
#include "signing/aws/environment.hpp"
#include "signing/aws/imds.hpp"
#include "signing/aws/login.hpp"
#include "signing/aws/process.hpp"
#include "signing/aws/profile_chain.hpp"
#include "signing/aws/profiles.hpp"
#include "signing/aws/sso.hpp"
#include "signing/aws/sts.hpp"
#include "signing/bearer.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

constexpr std::array<std::string_view, 4> variables = {
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"};

// Asks the origin of a chain for its keys.
struct Fetcher {
  const std::string& region;
  const SigningServices& services;
  const SignContext& context;

  Result<TemporaryKeys> operator()(const StaticKeys& given) const {
    return TemporaryKeys{.keys = given.keys};
  }
  Result<TemporaryKeys> operator()(const NamedSource& source) const {
    if (source.name == "EcsContainer") return fetch_container_keys(services, context);
    if (source.name == "Ec2InstanceMetadata") return fetch_imds_keys(services, context);
    auto keys = find_environment_keys(*services.environment);
    if (!keys) return std::move(keys).error();
    if (*keys) return TemporaryKeys{.keys = **std::move(keys)};
    return credentials_error(
        "credential_source is Environment, but AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are "
        "not set");
  }
  Result<TemporaryKeys> operator()(const WebIdentity& identity) const {
    return fetch_web_identity_role({.role_arn = identity.role_arn,
                                    .session_name = identity.session_name,
                                    .token_file = identity.token_file},
                                   region, services, context);
  }
  Result<TemporaryKeys> operator()(const SsoSource& source) const {
    return fetch_sso_keys(source, services, context);
  }
  Result<TemporaryKeys> operator()(const LoginSession& session) const {
    return fetch_login_keys(session, services, context);
  }
  Result<TemporaryKeys> operator()(const ProcessSource& source) const {
    return fetch_process_keys(source.command, services, context);
  }
};

Result<AssumedRole> with_mfa(const RoleStep& step, const MfaPrompt& mfa) {
  AssumedRole role{.role_arn = step.role_arn,
                   .session_name = step.session_name,
                   .external_id = step.external_id,
                   .duration = step.duration,
                   .mfa_serial = step.mfa_serial};
  if (role.mfa_serial.empty()) return role;
  if (!mfa) {
    return credentials_error(fmt::format(
        "the role {} takes a code of the MFA device {}, and there is nobody to ask: give "
        "Credentials::aws_profile a function that asks for it",
        printable(step.role_arn), printable(step.mfa_serial)));
  }
  auto code = mfa(step.mfa_serial);
  if (!code) return std::move(code).error();
  role.mfa_code = *std::move(code);
  return role;
}

Result<TemporaryKeys> follow(const ProfileChain& chain, const std::string& region,
                             const MfaPrompt& mfa, const SigningServices& services,
                             const SignContext& context) {
  auto keys = std::visit(Fetcher{region, services, context}, chain.origin);
  if (keys && keys->account_id.empty()) keys->account_id = chain.account_id;
  for (const RoleStep& step : chain.roles) {
    if (!keys) return keys;
    const auto role = with_mfa(step, mfa);
    if (!role) return role.error();
    keys = fetch_assumed_role(*role, keys->keys, region, services, context);
  }
  return keys;
}

Result<std::optional<ProfileChain>> chain_of(const std::string& profile,
                                             const Environment& environment) {
  const auto config = load_aws_config(environment);
  if (!config) return config.error();
  return resolve_profile(*config, profile);
}

std::string describe_chain(const ProfileChain& chain, const std::string& profile) {
  if (!chain.roles.empty()) {
    return fmt::format("AWS role {} by profile \"{}\" ({})", printable(chain.roles.back().role_arn),
                       printable(profile), describe_origin(chain.origin));
  }
  if (const auto* given = std::get_if<StaticKeys>(&chain.origin)) {
    return fmt::format("AWS access key {} from profile \"{}\"",
                       shorten(printable(given->keys.access_key_id)), printable(profile));
  }
  return fmt::format("AWS profile \"{}\" ({})", printable(profile), describe_origin(chain.origin));
}

std::shared_ptr<Signer> profile_signer(const std::string& profile, std::string description,
                                       const MfaPrompt& mfa, const SigningScope& scope,
                                       const SigningServices& services) {
  const AwsFiles files = aws_files(*services.environment);
  return make_temporary_keys_signer(
      {.cache_key = fmt::format("aws-profile {} {} {} {}", profile, files.config, files.credentials,
                                scope.aws_region),
       .description = std::move(description),
       .fetch =
           [profile, mfa, services, region = scope.aws_region](const SignContext& context) {
             return fetch_profile_keys(profile, region, mfa, services, context);
           }},
      scope, services);
}

Result<std::shared_ptr<Signer>> find(const SigningScope& scope, const SigningServices& services,
                                     const SignContext&, std::string& why_not) {
  const std::string profile = aws_profile_name(*services.environment);
  const auto chain = chain_of(profile, *services.environment);
  if (!chain) return chain.error();
  if (*chain) return profile_signer(profile, describe_chain(**chain, profile), {}, scope, services);
  const AwsFiles files = aws_files(*services.environment);
  if (files.config.empty() && files.credentials.empty()) {
    why_not = "HOME is not set, so there is no ~/.aws";
    return std::shared_ptr<Signer>();
  }
  why_not = fmt::format("no profile \"{}\" with keys in \"{}\" or \"{}\"", printable(profile),
                        printable(files.config), printable(files.credentials));
  return std::shared_ptr<Signer>();
}

class ProfileIdentity final : public Identity {
 public:
  ProfileIdentity(std::string profile, MfaPrompt mfa)
      : profile_(std::move(profile)), mfa_(std::move(mfa)) {}

  Result<std::shared_ptr<Signer>> signer_for(const SigningScope& scope,
                                             const SigningServices& services) const override {
    if (scope.aws_service.empty()) return cannot_serve("an AWS profile", scope);
    return profile_signer(profile_, describe(), mfa_, scope, services);
  }
  [[nodiscard]] std::string describe() const override {
    return fmt::format("AWS profile \"{}\"", printable(profile_));
  }

 private:
  const std::string profile_;
  const MfaPrompt mfa_;
};

}  // namespace

Result<TemporaryKeys> fetch_profile_keys(const std::string& profile, std::string_view called_region,
                                         const MfaPrompt& mfa, const SigningServices& services,
                                         const SignContext& context) {
  // What the profile says about hosts and regions counts for the services on the way.
  SigningServices chosen = services;
  chosen.environment =
      std::make_shared<const Environment>(with_aws_profile(*services.environment, profile));
  const auto chain = chain_of(profile, *chosen.environment);
  if (!chain) return chain.error();
  if (!*chain) {
    return credentials_error(
        fmt::format("AWS profile \"{}\" says nothing about keys", printable(profile)));
  }
  const auto region = aws_region_or(*chosen.environment, called_region);
  if (!region) return region.error();
  return follow(**chain, *region, mfa, chosen, context);
}

CredentialSource aws_profile_source() {
  return {.name = "shared config and credentials files", .variables = variables, .find = find};
}

std::shared_ptr<const Identity> make_aws_profile_identity(std::string profile, MfaPrompt mfa) {
  return std::make_shared<ProfileIdentity>(std::move(profile), std::move(mfa));
}

}  // namespace ek

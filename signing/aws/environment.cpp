#include "signing/aws/environment.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "signing/aws/identity.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

constexpr std::array<std::string_view, 2> variables = {"AWS_ACCESS_KEY_ID",
                                                       "AWS_SECRET_ACCESS_KEY"};

Result<std::shared_ptr<Signer>> find(const SigningScope& scope, const SigningServices& services,
                                     const SignContext&, std::string& why_not) {
  auto keys = find_environment_keys(*services.environment);
  if (!keys) return std::move(keys).error();
  if (!*keys) {
    why_not = fmt::format("{} and {} are not set", variables[0], variables[1]);
    return std::shared_ptr<Signer>();
  }
  return make_sigv4_signer(fixed_aws_keys(**std::move(keys), " from the environment"), scope,
                           services.environment);
}

}  // namespace

Result<std::optional<AwsKeys>> find_environment_keys(const Environment& environment) {
  auto id = variable(environment, variables[0]);
  auto secret = variable(environment, variables[1]);
  if (!id && !secret) return std::optional<AwsKeys>();
  if (!id || !secret) {
    return credentials_error(fmt::format("{} is set, but {} is not: set both or neither",
                                         variables[id ? 0 : 1], variables[id ? 1 : 0]));
  }
  AwsKeys keys{.access_key_id = *std::move(id), .secret_access_key = Secret(*std::move(secret))};
  if (auto token = variable(environment, "AWS_SESSION_TOKEN"))
    keys.session_token = Secret(*std::move(token));
  return std::optional(std::move(keys));
}

CredentialSource aws_environment_source() {
  return {.name = "environment variables", .variables = variables, .find = find};
}

}  // namespace ek

#include "signing/aws/web_identity.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/text.hpp"
#include "signing/aws/profiles.hpp"
#include "signing/aws/sts.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

constexpr std::array<std::string_view, 3> variables = {"AWS_WEB_IDENTITY_TOKEN_FILE",
                                                       "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME"};

Result<std::shared_ptr<Signer>> find(const SigningScope& scope, const SigningServices& services,
                                     const SignContext&, std::string& why_not) {
  const auto file = variable(*services.environment, variables[0]);
  if (!file) {
    why_not = fmt::format("{} is not set", variables[0]);
    return std::shared_ptr<Signer>();
  }
  const auto arn = variable(*services.environment, variables[1]);
  if (!arn) {
    return credentials_error(
        fmt::format("{} is set, but {} is not: set both or neither", variables[0], variables[1]));
  }
  const WebIdentityRole role{
      .role_arn = *arn,
      .session_name = variable(*services.environment, variables[2]).value_or(""),
      .token_file = *file};
  return make_temporary_keys_signer(
      {.cache_key = fmt::format("aws-web-identity {} {} {} {}", role.role_arn, role.session_name,
                                role.token_file, scope.aws_region),
       .description = fmt::format("AWS role {} by the web identity in \"{}\"",
                                  printable(role.role_arn), printable(role.token_file)),
       .fetch = [role, services,
                 called = scope.aws_region](const SignContext& context) -> Result<TemporaryKeys> {
         const auto region = aws_region_or(*services.environment, called);
         if (!region) return region.error();
         return fetch_web_identity_role(role, *region, services, context);
       }},
      scope, services);
}

}  // namespace

CredentialSource aws_web_identity_source() {
  return {.name = "web identity", .variables = variables, .find = find};
}

}  // namespace ek

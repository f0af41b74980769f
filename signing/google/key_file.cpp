#include "signing/google/key_file.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "signing/google/service_account.hpp"

namespace ek {
namespace {

constexpr std::array<std::string_view, 1> variables = {"GOOGLE_APPLICATION_CREDENTIALS"};

Result<std::shared_ptr<Signer>> find(const SigningScope& scope, const SigningServices& services,
                                     const SignContext&, std::string& why_not) {
  const auto path = variable(*services.environment, variables[0]);
  if (!path) {
    why_not = fmt::format("{} is not set", variables[0]);
    return std::shared_ptr<Signer>();
  }
  auto text = services.environment->read_file(*path);
  if (!text) {
    Error error = std::move(text).error();
    error.message = fmt::format("{} is set, and {}", variables[0], error.message);
    return error;
  }
  const Secret wiped(*std::move(text));
  auto key = parse_service_account(wiped.reveal());
  if (!key) {
    Error error = std::move(key).error();
    error.message = fmt::format("{} names \"{}\": {}", variables[0], *path, error.message);
    return error;
  }
  return make_service_account_identity(*std::move(key), GoogleProof::jwt_grant)
      ->signer_for(scope, services);
}

}  // namespace

CredentialSource google_key_file_source() {
  return {.name = "key file", .variables = variables, .find = find};
}

}  // namespace ek

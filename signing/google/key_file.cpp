#include "signing/google/key_file.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "endpointkit/secret.hpp"
#include "signing/google/credential_file.hpp"

namespace ek {
namespace {

constexpr std::array<std::string_view, 1> key_variables = {"GOOGLE_APPLICATION_CREDENTIALS"};
#ifdef _WIN32
constexpr std::array<std::string_view, 2> gcloud_variables = {"CLOUDSDK_CONFIG", "APPDATA"};
constexpr std::string_view below_home = "gcloud";
#else
constexpr std::array<std::string_view, 2> gcloud_variables = {"CLOUDSDK_CONFIG", "HOME"};
constexpr std::string_view below_home = ".config/gcloud";
#endif

Result<std::shared_ptr<Signer>> signer_of(std::string text, std::string_view origin,
                                          const SigningScope& scope,
                                          const SigningServices& services) {
  const Secret wiped(std::move(text));
  auto account = parse_google_credentials(wiped.reveal(), GoogleFileType::any);
  auto signer = account ? make_google_signer(*std::move(account), scope, services)
                        : Result<std::shared_ptr<Signer>>(std::move(account).error());
  if (signer) return signer;
  Error error = std::move(signer).error();
  error.message = fmt::format("{}: {}", origin, error.message);
  return error;
}

Result<std::shared_ptr<Signer>> find_key_file(const SigningScope& scope,
                                              const SigningServices& services, const SignContext&,
                                              std::string& why_not) {
  const auto path = variable(*services.environment, key_variables[0]);
  if (!path) {
    why_not = fmt::format("{} is not set", key_variables[0]);
    return std::shared_ptr<Signer>();
  }
  auto text = services.environment->read_file(*path);
  if (!text) {
    Error error = std::move(text).error();
    error.message = fmt::format("{} is set, and {}", key_variables[0], error.message);
    return error;
  }
  return signer_of(*std::move(text), fmt::format("{} names \"{}\"", key_variables[0], *path), scope,
                   services);
}

Result<std::shared_ptr<Signer>> find_gcloud_file(const SigningScope& scope,
                                                 const SigningServices& services,
                                                 const SignContext&, std::string& why_not) {
  const auto path = gcloud_file_path(*services.environment);
  if (!path) {
    why_not = fmt::format("{} and {} are not set", gcloud_variables[0], gcloud_variables[1]);
    return std::shared_ptr<Signer>();
  }
  auto text = services.environment->read_file(*path);
  if (!text) {
    why_not = text.error().message;
    return std::shared_ptr<Signer>();
  }
  return signer_of(*std::move(text), fmt::format("gcloud's file \"{}\"", *path), scope, services);
}

}  // namespace

CredentialSource google_key_file_source() {
  return {.name = "key file", .variables = key_variables, .find = find_key_file};
}

CredentialSource google_gcloud_file_source() {
  return {.name = "gcloud's file", .variables = gcloud_variables, .find = find_gcloud_file};
}

std::optional<std::string> gcloud_file_path(const Environment& environment) {
  return gcloud_file_path(environment, "application_default_credentials.json");
}

std::optional<std::string> gcloud_file_path(const Environment& environment, std::string_view name) {
  if (const auto folder = variable(environment, gcloud_variables[0]))
    return fmt::format("{}/{}", *folder, name);
  if (const auto home = variable(environment, gcloud_variables[1]))
    return fmt::format("{}/{}/{}", *home, below_home, name);
  return std::nullopt;
}

}  // namespace ek

// Who may call the emulator: one identity on each cloud, made up when it starts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "signing/crypto/certificate.hpp"
#include "signing/crypto/rsa.hpp"
#include "signing/sigv4.hpp"

namespace ek::emulator {

struct GoogleAccount {
  std::string project = "emulated-project";
  std::string client_email{};
  std::string client_id{};
  std::string key_id{};
  RsaPrivateKey key;
};

struct EntraApplication {
  std::string tenant_id{};
  std::string client_id{};
  std::string object_id{};
  Secret client_secret{};
  std::optional<ClientCertificate> certificate{};  ///< Registered, if the options name one.
};

/// A sign-in at IAM Identity Center.
struct SsoSession {
  std::string client_id{};
  Secret client_secret{};
  Secret refresh_token{};
};

struct Secrets {
  AwsKeys aws{};
  GoogleAccount google;
  EntraApplication entra{};
  SsoSession sso{};
  Secret azure_key{};     ///< The Azure ML endpoint's primary key.
  Secret agent_token{};   ///< What the container agents and App Service want to see.
  Secret arc_key{};       ///< What stands in the file that Arc's challenge names.
  Secret container_id{};  ///< By which the agent of ECS knows its container.
};

/// Random; with a seed the same for the same seed, but for the RSA key, which is always new.
/// `session_token` makes the AWS keys temporary ones (ASIA…).
/// Errors: those of making an RSA key.
Result<Secrets> make_secrets(std::optional<std::uint64_t> seed, bool session_token);

/// Random text for tokens, request ids and the like.
std::string random_text(std::size_t length, std::string_view alphabet);
/// "6f1c0f3e-…", version 4.
std::string random_uuid();

/// The service account's key file, as the Google Cloud console gives it out.
std::string key_file(const GoogleAccount& account, std::string_view token_uri);

}  // namespace ek::emulator

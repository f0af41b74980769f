#include "tools/emulator/secrets.hpp"

#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "tools/emulator/json_reader.hpp"

namespace ek::emulator {
namespace {

constexpr std::string_view upper_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view decimal = "0123456789";
constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
// Entra's generated secrets hold ~ . _ and -, which must be form-encoded.
constexpr std::string_view secret_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789~._-";

using Draw = std::function<std::uint32_t()>;

std::string text(const Draw& draw, std::size_t length, std::string_view alphabet) {
  std::string result;
  for (std::size_t i = 0; i < length; ++i) result += alphabet[draw() % alphabet.size()];
  return result;
}

std::string uuid(const Draw& draw) {
  std::string id = text(draw, 36, hex_digits);
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) id[dash] = '-';
  id[14] = '4';
  id[19] = "89ab"[draw() % 4];
  return id;
}

Draw device() {
  return [source = std::make_shared<std::random_device>()] { return (*source)(); };
}

}  // namespace

Result<Secrets> make_secrets(std::optional<std::uint64_t> seed, bool session_token) {
  Draw draw = device();
  if (seed) {
    draw = [engine = std::mt19937_64(*seed)]() mutable {
      return static_cast<std::uint32_t>(engine() >> 32U);
    };
  }
  auto rsa = RsaPrivateKey::generate();
  if (!rsa) return rsa.error();
  Secrets secrets{
      .aws = {.access_key_id = (session_token ? "ASIA" : "AKIA") + text(draw, 16, upper_digits),
              .secret_access_key = Secret(text(draw, 40, base64_digits))},
      .google = {.client_id = text(draw, 21, decimal),
                 .key_id = text(draw, 40, hex_digits),
                 .key = *std::move(rsa)},
      .entra = {.tenant_id = uuid(draw),
                .client_id = uuid(draw),
                .object_id = uuid(draw),
                .client_secret = Secret(text(draw, 40, secret_characters))},
      .sso = {.client_id = text(draw, 22, secret_characters),
              .client_secret = Secret(text(draw, 60, secret_characters)),
              .refresh_token = Secret(text(draw, 60, secret_characters))},
      .azure_key = Secret(text(draw, 52, base64_digits)),
      .agent_token = Secret(text(draw, 43, secret_characters)),
      .arc_key = Secret(text(draw, 64, hex_digits)),
      .container_id = Secret(text(draw, 32, hex_digits))};
  if (session_token) secrets.aws.session_token = Secret(text(draw, 96, base64_digits));
  secrets.google.client_email = "emulator@" + secrets.google.project + ".iam.gserviceaccount.com";
  return secrets;
}

std::string random_text(std::size_t length, std::string_view alphabet) {
  return text(device(), length, alphabet);
}

std::string random_uuid() { return uuid(device()); }

std::string key_file(const GoogleAccount& account, std::string_view token_uri) {
  const nlohmann::ordered_json json = {{"type", "service_account"},
                                       {"project_id", account.project},
                                       {"private_key_id", account.key_id},
                                       {"private_key", account.key.pem().reveal()},
                                       {"client_email", account.client_email},
                                       {"client_id", account.client_id},
                                       {"auth_uri", "https://accounts.google.com/o/oauth2/auth"},
                                       {"token_uri", token_uri},
                                       {"universe_domain", "googleapis.com"}};
  return to_text(json, 2) + "\n";
}

}  // namespace ek::emulator

// The workload that the emulated machines run: its token, as Kubernetes or a CI service gives one,
// and the temporary keys of its role.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "signing/jwt.hpp"
#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"
#include "tools/emulator/service.hpp"

namespace ek::emulator {
namespace {

using nlohmann::json;

std::int64_t seconds_now(const Service& service) {
  return std::chrono::floor<std::chrono::seconds>(service.options.now().time_since_epoch()).count();
}

Error refused(std::string message, std::string reason = {}) {
  return {.code = ErrorCode::authentication,
          .message = std::move(message),
          .reason = std::move(reason)};
}

}  // namespace

std::string workload_token(const Service& service, std::string_view audience) {
  const std::int64_t now = seconds_now(service);
  const json claims = {{"iss", service.base_url},
                       {"sub", workload_subject},
                       {"aud", json::array({audience})},
                       {"iat", now},
                       {"nbf", now},
                       {"exp", now + 86400}};
  const GoogleAccount& signer = service.secrets.google;
  const auto token = make_jwt(signer.key_id, to_text(claims), signer.key);
  return token ? *token : std::string();
}

Result<void> check_workload_token(const Service& service, std::string_view token,
                                  std::string_view audience) {
  const auto jwt = verify_jwt(token, service.secrets.google.key.public_key());
  if (!jwt) return refused("the token's signature cannot be verified");
  const json claims = parse_json<json>(jwt->claims_json);
  if (text_in(claims, "iss") != service.base_url || text_in(claims, "sub") != workload_subject)
    return refused("no such issuer and subject are trusted");
  const auto audiences = texts_in(claims, "aud");
  if (std::find(audiences.begin(), audiences.end(), audience) == audiences.end())
    return refused(fmt::format("the token's audience is not {}", audience));
  const std::int64_t now = seconds_now(service);
  if (integer_in(claims, "exp", 0) <= now) return refused("the token has expired", "expired");
  if (integer_in(claims, "nbf", 0) > now + 300) return refused("the token is not valid yet");
  return {};
}

IssuedKeys issue_aws_keys(Service& service, std::string arn, std::chrono::seconds lifetime) {
  constexpr std::string_view base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  constexpr std::string_view base64 =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  IssuedKeys entry{.keys = {.access_key_id = "ASIA" + random_text(16, base32),
                            .secret_access_key = Secret(random_text(40, base64)),
                            .session_token = Secret(random_text(120, base64))},
                   .arn = std::move(arn),
                   .expiry = service.options.now() + lifetime};
  service.aws_keys.add(entry.keys.access_key_id, entry);
  return entry;
}

}  // namespace ek::emulator

#include "signing/aws/login.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/base64.hpp"
#include "base/iso_time.hpp"
#include "base/scrub.hpp"
#include "base/text.hpp"
#include "base/uuid.hpp"
#include "signing/aws/endpoints.hpp"
#include "signing/aws/profiles.hpp"
#include "signing/credentials_error.hpp"
#include "signing/crypto/ec.hpp"
#include "signing/crypto/sha256.hpp"
#include "signing/json_members.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

using nlohmann::json;
using std::chrono::sys_seconds;

constexpr std::string_view service = "AWS sign-in";
constexpr std::chrono::seconds refresh_window = std::chrono::minutes(5);
// Where sessions are that name no region.
constexpr std::string_view home_region = "us-east-1";

sys_seconds seconds_now(const SigningServices& services) {
  return std::chrono::floor<std::chrono::seconds>(services.environment->now());
}

Error sign_in(std::string_view why) {
  return credentials_error(fmt::format("{}: {}. Sign in with: aws login", service, why));
}

std::string session_path(const LoginSession& session, const Environment& environment) {
  const std::string folder = aws_files(environment).login_sessions;
  const char separator = folder.find('\\') == std::string::npos ? '/' : '\\';
  const Digest digest = Sha256().hash(trim(session.session));
  return fmt::format("{}{}{}.json", folder, separator, to_hex(view(digest)));
}

// The file as JSON with all members that a refresh takes.
Result<json> read_session(const std::string& path, const Environment& environment) {
  const auto text = environment.read_file(path);
  if (!text) return sign_in(text.error().message);
  json file = json::parse(*text, nullptr, false);
  if (!file.is_object()) return sign_in(fmt::format("\"{}\" is no JSON object", path));
  for (const char* name : {"clientId", "refreshToken", "dpopKey"}) {
    if (text_member(file, name).empty())
      return sign_in(fmt::format("\"{}\" has no \"{}\"", path, name));
  }
  if (const auto token = file.find("accessToken"); token == file.end() || !token->is_object())
    return sign_in(fmt::format("\"{}\" has no \"accessToken\"", path));
  return file;
}

Result<TemporaryKeys> keys_in(const json& file) {
  const json& token = file["accessToken"];
  auto keys = parse_keys_json("the session of aws login", "sessionToken", dump(token));
  if (!keys) return keys;
  keys->expires = parse_iso_time(text_member(token, "expiresAt"));
  if (!keys->expires) return sign_in("the session has no \"expiresAt\"");
  return keys;
}

// RFC 9449 §4.2: a JWT that proves possession of the key for this one request.
Result<std::string> dpop_proof(const EcPrivateKey& key, const HttpRequest& request,
                               const SigningServices& services) {
  const EcPublicKey point = key.public_key();
  const json header = {{"typ", "dpop+jwt"},
                       {"alg", "ES256"},
                       {"jwk",
                        {{"kty", "EC"},
                         {"crv", "P-256"},
                         {"x", base64url_encode(point.x())},
                         {"y", base64url_encode(point.y())}}}};
  const json claims = {{"jti", make_uuid(services.environment->random)},
                       {"htm", request.method},
                       {"htu", request.url},
                       {"iat", seconds_now(services).time_since_epoch().count()}};
  const std::string signed_part =
      fmt::format("{}.{}", base64url_encode(dump(header)), base64url_encode(dump(claims)));
  auto signature = key.sign_es256(signed_part);
  if (!signature) return std::move(signature).error();
  return fmt::format("{}.{}", signed_part, base64url_encode(*signature));
}

Result<std::string> token_url(const json& file, const Environment& environment) {
  std::string region = text_member(file, "signInRegion");
  if (region.empty()) {
    auto chosen = aws_region_or(environment, home_region);
    if (!chosen) return std::move(chosen).error();
    region = *std::move(chosen);
  }
  const auto endpoint = find_aws_endpoint(environment, "signin", region);
  if (!endpoint) return endpoint.error();
  return endpoint->url + "/v1/token";
}

Result<HttpRequest> refresh_request(const json& file, const EcPrivateKey& key,
                                    const SigningServices& services) {
  auto url = token_url(file, *services.environment);
  if (!url) return std::move(url).error();
  HttpRequest request{.method = "POST",
                      .url = *std::move(url),
                      .headers = {{"content-type", "application/json"}},
                      .body = dump(json{{"clientId", text_member(file, "clientId")},
                                        {"grantType", "refresh_token"},
                                        {"refreshToken", text_member(file, "refreshToken")}})};
  auto proof = dpop_proof(key, request, services);
  if (!proof) return std::move(proof).error();
  request.headers.push_back({"dpop", *std::move(proof), true});
  return request;
}

std::string_view advice_for(std::string_view error) noexcept {
  if (error == "USER_CREDENTIALS_CHANGED") return "the password has changed since";
  if (error == "INSUFFICIENT_PERMISSIONS") return "the user may no longer sign in this way";
  return "the session has ended";
}

Error refused(const json& file, HttpResponse& response) {
  if (response.head.status == 429 || response.head.status >= 500)
    return refusal(service, response, "");
  scrub(response.body, Secret(text_member(file, "refreshToken")));
  const json reply = json::parse(response.body, nullptr, false);
  Error error = sign_in(
      fmt::format("{} (HTTP {})", advice_for(text_member(reply, "error")), response.head.status));
  error.http_status = response.head.status;
  error.provider_code = clip(printable(text_member(reply, "error")), 80);
  return error;
}

// What the service gave takes the place of the old; members that it does not give stay.
Result<void> take_reply(const std::string& body, json& file, sys_seconds now) {
  const json reply = json::parse(body, nullptr, false);
  const auto token = reply.is_object() ? reply.find("accessToken") : reply.end();
  const auto life = reply.is_object() ? reply.find("expiresIn") : reply.end();
  const bool good = reply.is_object() && token != reply.end() && token->is_object() &&
                    life != reply.end() && life->is_number_integer();
  if (!good) {
    return Error{.code = ErrorCode::server_error,
                 .phase = Phase::credentials,
                 .message = fmt::format("expected keys from {}, but its answer has none", service)};
  }
  for (const char* name : {"accessKeyId", "secretAccessKey", "sessionToken"})
    file["accessToken"][name] = text_member(*token, name);
  const auto seconds = std::clamp<std::int64_t>(life->get<std::int64_t>(), 0, 366 * 86'400);
  file["accessToken"]["expiresAt"] = format_iso_time(now + std::chrono::seconds(seconds));
  if (const std::string next = text_member(reply, "refreshToken"); !next.empty())
    file["refreshToken"] = next;
  return {};
}

Result<TemporaryKeys> refresh(const std::string& path, json& file, const SigningServices& services,
                              const SignContext& context) {
  const auto key = EcPrivateKey::parse(text_member(file, "dpopKey"));
  if (!key) return sign_in(fmt::format("\"{}\", dpopKey: {}", path, key.error().message));
  auto answer = ask_token_service(services, context, service,
                                  [&] { return refresh_request(file, *key, services); });
  if (!answer) return std::move(answer).error();
  if (answer->head.status < 200 || answer->head.status >= 300) return refused(file, *answer);
  if (auto good = take_reply(answer->body, file, seconds_now(services)); !good)
    return std::move(good).error();
  // The old refresh token is spent: unwritten, the new one would be lost to all but this process.
  if (auto good = services.environment->write_file(path, dump(file)); !good)
    return std::move(good).error();
  return keys_in(file);
}

}  // namespace

Result<TemporaryKeys> fetch_login_keys(const LoginSession& session, const SigningServices& services,
                                       const SignContext& context) {
  const std::string path = session_path(session, *services.environment);
  auto file = read_session(path, *services.environment);
  if (!file) return std::move(file).error();
  auto keys = keys_in(*file);
  if (!keys) return keys;
  const sys_seconds now = seconds_now(services);
  if (*keys->expires - now > refresh_window) return keys;
  auto fresh = refresh(path, *file, services, context);
  if (!fresh && *keys->expires > now) return keys;
  return fresh;
}

}  // namespace ek

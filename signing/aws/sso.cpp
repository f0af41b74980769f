#include "signing/aws/sso.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/iso_time.hpp"
#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/aws/endpoints.hpp"
#include "signing/aws/profiles.hpp"
#include "signing/credentials_error.hpp"
#include "signing/crypto/sha1.hpp"
#include "signing/json_members.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

using nlohmann::json;
using std::chrono::sys_seconds;

constexpr std::string_view service = "AWS IAM Identity Center";
constexpr std::chrono::seconds refresh_window = std::chrono::minutes(5);

sys_seconds seconds_now(const SigningServices& services) {
  return std::chrono::floor<std::chrono::seconds>(services.environment->now());
}

// Separators as the folder has them.
std::string token_path(const SsoSource& source, const Environment& environment) {
  const std::string folder = aws_files(environment).sso_tokens;
  const std::string& name = source.session.empty() ? source.start_url : source.session;
  const char separator = folder.find('\\') == std::string::npos ? '/' : '\\';
  return fmt::format("{}{}{}.json", folder, separator, to_hex(sha1(name)));
}

Error sign_in(const SsoSource& source, std::string_view why) {
  const std::string how = source.session.empty()
                              ? "aws sso login"
                              : fmt::format("aws sso login --sso-session {}", source.session);
  return credentials_error(fmt::format("{}: {}. Sign in with: {}", service, why, printable(how)));
}

bool can_be_refreshed(const json& file, sys_seconds now) {
  const auto registered = parse_iso_time(text_member(file, "registrationExpiresAt"));
  return !text_member(file, "refreshToken").empty() && !text_member(file, "clientId").empty() &&
         !text_member(file, "clientSecret").empty() && registered && *registered > now;
}

Result<HttpRequest> refresh_request(const SsoSource& source, const json& file,
                                    const Environment& environment) {
  const auto endpoint = find_aws_endpoint(environment, "sso-oidc", source.region);
  if (!endpoint) return endpoint.error();
  return HttpRequest{.method = "POST",
                     .url = endpoint->url + "/token",
                     .headers = {{"content-type", "application/json"}},
                     .body = dump(json{{"clientId", text_member(file, "clientId")},
                                       {"clientSecret", text_member(file, "clientSecret")},
                                       {"grantType", "refresh_token"},
                                       {"refreshToken", text_member(file, "refreshToken")}})};
}

// What the service gave takes the place of the old in `file`.
Result<SsoToken> take_reply(const std::string& body, json& file, sys_seconds now) {
  const json reply = json::parse(body, nullptr, false);
  const auto life = reply.is_object() ? reply.find("expiresIn") : reply.end();
  const bool good = reply.is_object() && !text_member(reply, "accessToken").empty() &&
                    life != reply.end() && life->is_number_integer();
  if (!good) {
    return Error{
        .code = ErrorCode::server_error,
        .phase = Phase::credentials,
        .message = fmt::format("expected a token from {}, but its answer has none", service)};
  }
  const auto seconds = std::clamp<std::int64_t>(life->get<std::int64_t>(), 0, 366 * 86'400);
  const SsoToken token{.value = Secret(text_member(reply, "accessToken")),
                       .expires = now + std::chrono::seconds(seconds)};
  file["accessToken"] = token.value.reveal();
  file["expiresAt"] = format_iso_time(token.expires);
  if (const std::string next = text_member(reply, "refreshToken"); !next.empty())
    file["refreshToken"] = next;
  return token;
}

Result<SsoToken> refresh(const SsoSource& source, json& file, const SigningServices& services,
                         const SignContext& context) {
  auto answer = ask_token_service(services, context, service, [&] {
    return refresh_request(source, file, *services.environment);
  });
  if (!answer) return std::move(answer).error();
  if (answer->head.status != 200) {
    for (const char* name : {"clientSecret", "refreshToken"})
      scrub(answer->body, Secret(text_member(file, name)));
    return refusal(service, *answer, "");
  }
  auto token = take_reply(answer->body, file, seconds_now(services));
  // If the file cannot be written, the next program refreshes for itself.
  if (token)
    (void)services.environment->write_file(token_path(source, *services.environment), dump(file));
  return token;
}

std::string member_text(const json& reply, std::initializer_list<const char*> names) {
  if (!reply.is_object()) return "";
  for (const char* name : names) {
    if (std::string text = text_member(reply, name); !text.empty())
      return clip(printable(text), 300);
  }
  return "";
}

Error portal_refusal(const SsoSource& source, const HttpResponse& response) {
  const int status = response.head.status;
  const json reply = json::parse(response.body, nullptr, false);
  const std::string said = member_text(reply, {"message", "Message"});
  const bool passing = status == 429 || status >= 500;
  if (status == 401)
    return sign_in(source, said.empty() ? "the token was refused" : std::string_view(said));
  return {.code = status == 429 ? ErrorCode::rate_limit
                  : passing     ? ErrorCode::unavailable
                                : ErrorCode::authentication,
          .phase = Phase::credentials,
          .message = fmt::format("{} gave no keys for the role {} in account {} (HTTP {}){}{}",
                                 service, printable(source.role_name), printable(source.account_id),
                                 status, said.empty() ? "" : ": ", said),
          .http_status = status,
          .provider_code = std::string(response.head.header("x-amzn-errortype")),
          .request_id = std::string(response.head.header("x-amzn-requestid")),
          .retryable = passing};
}

Result<TemporaryKeys> keys_in(const SsoSource& source, const std::string& body) {
  const json reply = json::parse(body, nullptr, false);
  const auto given = reply.is_object() ? reply.find("roleCredentials") : reply.end();
  auto keys = parse_keys_json(service, "sessionToken",
                              reply.is_object() && given != reply.end() ? dump(*given) : "");
  if (!keys) return keys;
  keys->account_id = source.account_id;
  const auto end = given->find("expiration");
  if (end != given->end() && end->is_number_integer()) {
    // Milliseconds. Beyond the year 9999 it is no date.
    const auto ms = std::clamp<std::int64_t>(end->get<std::int64_t>(), 0, 253'402'300'799'000);
    keys->expires = sys_seconds(std::chrono::seconds(ms / 1000));
  }
  return keys;
}

Result<HttpRequest> portal_request(const SsoSource& source, const SsoToken& token,
                                   const Environment& environment) {
  const auto endpoint = find_aws_endpoint(environment, "sso", source.region);
  if (!endpoint) return endpoint.error();
  return HttpRequest{
      .method = "GET",
      .url = fmt::format("{}/federation/credentials?role_name={}&account_id={}", endpoint->url,
                         percent_encode(source.role_name), percent_encode(source.account_id)),
      .headers = {{"x-amz-sso_bearer_token", token.value.reveal(), true}}};
}

}  // namespace

Result<SsoToken> fetch_sso_token(const SsoSource& source, const SigningServices& services,
                                 const SignContext& context) {
  const std::string path = token_path(source, *services.environment);
  const auto text = services.environment->read_file(path);
  if (!text) return sign_in(source, text.error().message);
  json file = json::parse(*text, nullptr, false);
  const auto expires =
      file.is_object() ? parse_iso_time(text_member(file, "expiresAt")) : std::nullopt;
  if (!expires || text_member(file, "accessToken").empty()) {
    return sign_in(source, fmt::format("\"{}\" holds no accessToken with an expiresAt", path));
  }
  const SsoToken token{.value = Secret(text_member(file, "accessToken")), .expires = *expires};
  const sys_seconds now = seconds_now(services);
  if (*expires - now > refresh_window) return token;
  std::string why = "the token has expired";
  if (can_be_refreshed(file, now)) {
    auto fresh = refresh(source, file, services, context);
    if (fresh) return fresh;
    // Then signing in would not help either.
    const bool unheard = fresh.error().retryable || fresh.error().code == ErrorCode::transport;
    if (unheard && *expires <= now) return fresh;
    why += ", and there is no new one: " + fresh.error().message;
  }
  if (*expires > now) return token;
  return sign_in(source, why);
}

Result<TemporaryKeys> fetch_sso_keys(const SsoSource& source, const SigningServices& services,
                                     const SignContext& context) {
  if (source.account_id.empty()) {
    return credentials_error(
        "an AWS profile with sso_session but without sso_account_id and sso_role_name gives a "
        "token for other services, not keys: add both");
  }
  const auto token = fetch_sso_token(source, services, context);
  if (!token) return token.error();
  auto answer = ask_token_service(services, context, service, [&] {
    return portal_request(source, *token, *services.environment);
  });
  if (!answer) return std::move(answer).error();
  if (answer->head.status == 200) return keys_in(source, answer->body);
  scrub(answer->body, token->value);
  return portal_refusal(source, *answer);
}

}  // namespace ek

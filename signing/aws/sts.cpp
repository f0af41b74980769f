#include "signing/aws/sts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/iso_time.hpp"
#include "base/text.hpp"
#include "signing/aws/endpoints.hpp"
#include "signing/aws/xml_text.hpp"
#include "signing/credentials_error.hpp"
#include "signing/oauth.hpp"
#include "signing/sigv4.hpp"

namespace ek {
namespace {

constexpr std::string_view service = "AWS STS";

std::chrono::sys_seconds seconds_now(const SigningServices& services) {
  return std::chrono::floor<std::chrono::seconds>(services.environment->now());
}

Result<ResolvedEndpoint> sts_endpoint(const SigningServices& services, std::string_view region) {
  return find_aws_endpoint(*services.environment, "sts", sts_region(*services.environment, region));
}

std::string session_name(const std::string& given, const SigningServices& services) {
  if (!given.empty()) return given;
  return fmt::format("endpointkit-{}", seconds_now(services).time_since_epoch().count());
}

HttpRequest query_request(const ResolvedEndpoint& endpoint, const FormFields& fields) {
  HttpRequest request = form_request(endpoint.url + '/', fields);
  for (Header& header : request.headers) {
    if (header.name == "accept") header.value = "application/xml";
  }
  return request;
}

Result<HttpRequest> signed_request(HttpRequest request, const AwsKeys& keys,
                                   const std::string& region, std::chrono::sys_seconds now) {
  const auto to_sign = sigv4_request(request);
  if (!to_sign) return to_sign.error();
  Sha256 sha;
  const auto trace = sign_sigv4(sha, *to_sign, make_sigv4_context(sha, keys, region, "sts", now));
  request.headers.insert(request.headers.end(), trace.headers.begin(), trace.headers.end());
  return request;
}

std::string error_text(std::string_view xml, std::string_view member) {
  const std::string path = fmt::format("ErrorResponse/Error/{}", member);
  return clip(printable(trim(xml_text(xml, path).value_or(""))), 600);
}

bool may_pass(int status, std::string_view code) noexcept {
  constexpr std::array<std::string_view, 4> names = {"IDPCommunicationError", "Throttling",
                                                     "ThrottlingException", "RequestLimitExceeded"};
  return status == 429 || status >= 500 ||
         std::find(names.begin(), names.end(), code) != names.end();
}

// `what` it did not do.
Error sts_refusal(std::string_view what, const HttpResponse& response) {
  const int status = response.head.status;
  const std::string code = error_text(response.body, "Code");
  const std::string said = error_text(response.body, "Message");
  const bool passing = may_pass(status, code);
  return {.code = status == 429 ? ErrorCode::rate_limit
                  : passing     ? ErrorCode::unavailable
                                : ErrorCode::authentication,
          .phase = Phase::credentials,
          .message = fmt::format("{} {} (HTTP {}){}{}{}{}", service, what, status,
                                 code.empty() ? "" : ": ", code, said.empty() ? "" : ": ", said),
          .http_status = status,
          .provider_code = code,
          .request_id =
              clip(printable(xml_text(response.body, "ErrorResponse/RequestId").value_or("")), 80),
          .retryable = passing};
}

// "arn:aws:sts::123456789012:assumed-role/name/session" -> "123456789012"
std::string account_of(std::string_view arn) {
  for (int colons = 0; colons < 4; ++colons) {
    const auto colon = arn.find(':');
    if (colon == std::string_view::npos) return "";
    arn.remove_prefix(colon + 1);
  }
  return std::string(arn.substr(0, arn.find(':')));
}

Result<TemporaryKeys> keys_in(Result<HttpResponse> answer, std::string_view role_arn,
                              const Secret& sent) {
  if (!answer) return std::move(answer).error();
  if (answer->head.status != 200) {
    scrub(answer->body, sent);
    return sts_refusal(fmt::format("gave no keys for the role {}", printable(role_arn)), *answer);
  }
  return parse_sts_reply(answer->body);
}

Result<Secret> read_token(const WebIdentityRole& role, const SigningServices& services) {
  auto text = services.environment->read_file(role.token_file);
  if (!text) return std::move(text).error();
  Secret token{std::string(trim(*text))};
  if (!token.empty()) return token;
  return credentials_error(
      fmt::format("expected a web identity token in \"{}\", but it is empty", role.token_file));
}

Result<TemporaryKeys> ask_with_token(const WebIdentityRole& role, const ResolvedEndpoint& endpoint,
                                     const Secret& token, const SigningServices& services,
                                     const SignContext& context) {
  return keys_in(ask_token_service(services, context, service,
                                   [&]() -> Result<HttpRequest> {
                                     return query_request(endpoint,
                                                          {{"Action", "AssumeRoleWithWebIdentity"},
                                                           {"Version", "2011-06-15"},
                                                           {"RoleArn", role.role_arn},
                                                           {"RoleSessionName", role.session_name},
                                                           {"WebIdentityToken", token.reveal()}});
                                   }),
                 role.role_arn, token);
}

}  // namespace

Result<TemporaryKeys> parse_sts_reply(std::string_view xml) {
  const auto text = [&](std::string_view path) {
    return std::string(trim(xml_text(xml, fmt::format("*/*/{}", path)).value_or("")));
  };
  TemporaryKeys out{.keys = {.access_key_id = text("Credentials/AccessKeyId"),
                             .secret_access_key = Secret(text("Credentials/SecretAccessKey")),
                             .session_token = Secret(text("Credentials/SessionToken"))},
                    .expires = parse_iso_time(text("Credentials/Expiration")),
                    .account_id = account_of(text("AssumedRoleUser/Arn"))};
  const char* missing = out.keys.access_key_id.empty()       ? "AccessKeyId"
                        : out.keys.secret_access_key.empty() ? "SecretAccessKey"
                        : out.keys.session_token.empty()     ? "SessionToken"
                        : !out.expires                       ? "Expiration"
                                                             : nullptr;
  if (missing == nullptr) return out;
  return Error{
      .code = ErrorCode::server_error,
      .phase = Phase::credentials,
      .message = fmt::format("expected keys from {}, but its answer has no {}", service, missing)};
}

Result<TemporaryKeys> fetch_assumed_role(const AssumedRole& role, const AwsKeys& keys,
                                         std::string_view region, const SigningServices& services,
                                         const SignContext& context) {
  const auto endpoint = sts_endpoint(services, region);
  if (!endpoint) return endpoint.error();
  const std::string session = session_name(role.session_name, services);
  const std::string duration =
      role.duration ? fmt::format("{}", role.duration->count()) : std::string();
  FormFields fields{{"Action", "AssumeRole"},
                    {"Version", "2011-06-15"},
                    {"RoleArn", role.role_arn},
                    {"RoleSessionName", session}};
  if (!role.external_id.empty()) fields.emplace_back("ExternalId", role.external_id);
  if (!duration.empty()) fields.emplace_back("DurationSeconds", duration);
  if (!role.mfa_serial.empty()) {
    fields.emplace_back("SerialNumber", role.mfa_serial);
    fields.emplace_back("TokenCode", role.mfa_code.reveal());
  }
  return keys_in(ask_token_service(services, context, service,
                                   [&] {
                                     return signed_request(query_request(*endpoint, fields), keys,
                                                           endpoint->signing_region,
                                                           seconds_now(services));
                                   }),
                 role.role_arn, role.mfa_code);
}

Result<TemporaryKeys> fetch_web_identity_role(const WebIdentityRole& role, std::string_view region,
                                              const SigningServices& services,
                                              const SignContext& context) {
  const auto endpoint = sts_endpoint(services, region);
  if (!endpoint) return endpoint.error();
  WebIdentityRole named = role;
  named.session_name = session_name(role.session_name, services);
  auto token = read_token(named, services);
  if (!token) return std::move(token).error();
  auto keys = ask_with_token(named, *endpoint, *token, services, context);
  if (keys || !keys.error().provider_code.starts_with("ExpiredToken")) return keys;
  // Replaced while it was on the way?
  auto newer = read_token(named, services);
  if (!newer || *newer == *token) return keys;
  return ask_with_token(named, *endpoint, *newer, services, context);
}

Result<std::string> fetch_caller_identity(const AwsKeys& keys, std::string_view region,
                                          const SigningServices& services,
                                          const SignContext& context) {
  const auto endpoint = sts_endpoint(services, region);
  if (!endpoint) return endpoint.error();
  auto answer = ask_token_service(services, context, service, [&]() -> Result<HttpRequest> {
    return signed_request(
        query_request(*endpoint, {{"Action", "GetCallerIdentity"}, {"Version", "2011-06-15"}}),
        keys, endpoint->signing_region, seconds_now(services));
  });
  if (!answer) return std::move(answer).error();
  if (answer->head.status != 200) {
    scrub(answer->body, keys.session_token);
    return sts_refusal("did not say who signs", *answer);
  }
  const auto arn = xml_text(answer->body, "GetCallerIdentityResponse/GetCallerIdentityResult/Arn");
  if (arn) return clip(printable(trim(*arn)), 300);
  return Error{.code = ErrorCode::server_error,
               .phase = Phase::credentials,
               .message = fmt::format("expected an Arn from {}, but the answer has none", service)};
}

}  // namespace ek

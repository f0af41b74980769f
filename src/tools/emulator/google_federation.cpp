// Google's Security Token Service (RFC 8693), which takes tokens of other providers and signed AWS
// requests, and the impersonation of service accounts.
// https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
// https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/iso_time.hpp"
#include "base/text.hpp"
#include "base/uri.hpp"
#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"
#include "tools/emulator/service.hpp"

namespace ek::emulator {
namespace {

// What libraries ask the token exchange for when an impersonation follows.
constexpr std::string_view iam_scope = "https://www.googleapis.com/auth/iam";

using nlohmann::json;
using nlohmann::ordered_json;

Reply refuse(std::string_view error, std::string_view description) {
  const ordered_json body = {{"error", error}, {"error_description", description}};
  return {
      .status = 400, .content_type = "application/json; charset=UTF-8", .body = to_text(body, 2)};
}

// A GetCallerIdentity that the caller signed and did not send.
std::optional<std::string> refuse_aws_subject(Service& service, const std::string& subject) {
  const json object = parse_json<json>(percent_decode(subject));
  if (!object.is_object()) return "The subject token is no serialized AWS request.";
  const auto uri = parse_uri(text_in(object, "url"));
  if (!uri || !uri->host.starts_with("sts.") || !uri->host.ends_with(".amazonaws.com"))
    return "The AWS request does not go to STS.";
  const std::string url = text_in(object, "url");
  const auto question = url.find('?');
  Request request{.method = text_in(object, "method"),
                  .path = uri->path.empty() ? "/" : uri->path,
                  .query = question == std::string::npos ? "" : url.substr(question + 1)};
  const auto headers = object.find("headers");
  for (const json& header : headers != object.end() ? *headers : json::array()) {
    if (header.is_object())
      request.headers.push_back({text_in(header, "key"), text_in(header, "value")});
  }
  if (request.header("x-goog-cloud-target-resource") != service.google_audience())
    return "The AWS request is for another audience.";
  if (request.parameter("Action") != "GetCallerIdentity")
    return "The AWS request is no GetCallerIdentity.";
  const auto caller = check_sigv4(service, request, "sts");
  if (!caller) return "The AWS request was refused: " + caller.error().message;
  return std::nullopt;
}

// The certificates of the handshake, the workload's own first.
std::optional<std::string> refuse_certificate_subject(const Service& service,
                                                      const std::string& shown,
                                                      const std::string& subject) {
  if (shown.empty()) return "The request shows no client certificate: use mutual TLS.";
  const json chain = parse_json<json>(subject);
  if (!chain.is_array() || chain.empty() || !chain[0].is_string())
    return "The subject token is no JSON array of certificates.";
  if (base64_decode(chain[0].get<std::string>()) != shown)
    return "The subject token does not begin with the client certificate.";
  if (shown != service.workload_certificate.der)
    return "The certificate does not chain up to a trust anchor of the provider.";
  return std::nullopt;
}

std::optional<std::string> refuse_subject(Service& service, const Request& request,
                                          const Form& form) {
  const std::string_view type = form.field("subject_token_type");
  const std::string subject(form.field("subject_token"));
  if (type == "urn:ietf:params:aws:token-type:aws4_request")
    return refuse_aws_subject(service, subject);
  if (type == "urn:ietf:params:oauth:token-type:mtls")
    return refuse_certificate_subject(service, request.client_certificate, subject);
  if (type != "urn:ietf:params:oauth:token-type:jwt" &&
      type != "urn:ietf:params:oauth:token-type:id_token") {
    return "Invalid value for \"subjectTokenType\".";
  }
  const auto good =
      check_workload_token(service, subject, "https:" + std::string(service.google_audience()));
  if (good) return std::nullopt;
  return "The given credential is rejected: " + good.error().message;
}

// "3600s", at most an hour.
std::optional<std::chrono::seconds> parse_lifetime(std::string_view text) {
  if (text.empty()) return std::chrono::hours(1);
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool whole = error == std::errc() && end + 1 == text.data() + text.size() && *end == 's';
  if (!whole || seconds < 1 || seconds > 3600) return std::nullopt;
  return std::chrono::seconds(seconds);
}

std::optional<Reply> refuse_caller(const Service& service, const Request& request) {
  const auto token = request.bearer();
  const auto issued = token ? service.google_tokens.find(std::string(*token)) : std::nullopt;
  if (issued && issued->expiry > service.options.now() &&
      (has_scope(issued->scope, cloud_platform_scope) || has_scope(issued->scope, iam_scope))) {
    return std::nullopt;
  }
  return google_error(401, "UNAUTHENTICATED",
                      "Request had invalid authentication credentials. Expected OAuth 2 access "
                      "token, login cookie or other valid authentication credential.");
}

}  // namespace

Reply serve_google_sts(Service& service, const Request& request) {
  const Form form(request.body);
  if (form.field("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange")
    return refuse("invalid_grant", "Invalid value for \"grantType\".");
  if (form.field("requested_token_type") != "urn:ietf:params:oauth:token-type:access_token")
    return refuse("invalid_request", "Invalid value for \"requestedTokenType\".");
  if (form.field("audience") != service.google_audience()) {
    return refuse("invalid_target",
                  "The target service indicated by the \"audience\" parameters "
                  "is invalid. This might either be because the pool or provider "
                  "is disabled or deleted or because it doesn't exist.");
  }
  const std::string scope(form.field("scope"));
  if (scope.empty()) return refuse("invalid_scope", "Missing required parameter: scope");
  if (const auto why = refuse_subject(service, request, form)) return refuse("invalid_grant", *why);
  const ordered_json body = {{"access_token", issue_google_token(service, scope)},
                             {"issued_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                             {"token_type", "Bearer"},
                             {"expires_in", service.options.token_lifetime.count()}};
  return {.content_type = "application/json; charset=UTF-8", .body = to_text(body, 2)};
}

Reply serve_google_impersonation(Service& service, const Request& request) {
  if (auto no = refuse_caller(service, request)) return *std::move(no);
  constexpr std::string_view prefix = "/v1/projects/-/serviceAccounts/";
  constexpr std::string_view verb = ":generateAccessToken";
  const std::string path = percent_decode(request.path);
  const std::string expected =
      fmt::format("{}{}{}", prefix, service.secrets.google.client_email, verb);
  if (path != expected) {
    return google_error(403, "PERMISSION_DENIED",
                        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it "
                        "may not exist).",
                        "IAM_PERMISSION_DENIED");
  }
  const json body = parse_json<json>(request.body);
  const auto scopes = body.is_object() ? texts_in(body, "scope") : std::vector<std::string>();
  const auto lifetime = body.is_object() ? parse_lifetime(text_in(body, "lifetime")) : std::nullopt;
  if (scopes.empty() || !lifetime)
    return google_error(400, "INVALID_ARGUMENT", "Request contains an invalid argument.");
  std::string scope;
  for (const std::string& one : scopes) scope += (scope.empty() ? "" : " ") + one;
  const auto expiry = std::chrono::floor<std::chrono::seconds>(service.options.now() + *lifetime);
  const ordered_json answer = {{"accessToken", issue_google_token(service, scope)},
                               {"expireTime", format_iso_time(expiry)}};
  return {.content_type = "application/json; charset=UTF-8", .body = to_text(answer, 2)};
}

}  // namespace ek::emulator

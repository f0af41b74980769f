#include "signing/google/impersonation.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "base/iso_time.hpp"
#include "base/text.hpp"
#include "signing/credentials_error.hpp"
#include "signing/google/credential_file.hpp"
#include "signing/google/url.hpp"
#include "signing/json_members.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

using nlohmann::json;

constexpr std::string_view service = "Google's IAM credentials service";
constexpr std::string_view advice =
    "The identity that impersonates needs the role roles/iam.serviceAccountTokenCreator on the "
    "service account (roles/iam.workloadIdentityUser for a federation), and the IAM Service "
    "Account "
    "Credentials API must be enabled";

HttpRequest json_request(std::string url, const json& body, const Secret& token) {
  return {.method = "POST",
          .url = std::move(url),
          .headers = {{"content-type", "application/json"},
                      {"accept", "application/json"},
                      {"authorization", "Bearer " + token.reveal(), true}},
          .body = dump(body)};
}

json delegates_of(const Impersonation& target) {
  json out = json::array();
  for (const std::string& delegate : target.delegates) {
    const bool full = delegate.find('/') != std::string::npos;
    out.push_back(full ? delegate : "projects/-/serviceAccounts/" + delegate);
  }
  return out;
}

Result<JsonObject> ask(const SigningServices& services, const SignContext& context,
                       const Secret& token, const std::function<HttpRequest()>& make) {
  auto answer = ask_token_service(services, context, service,
                                  [&]() -> Result<HttpRequest> { return make(); });
  if (!answer) return std::move(answer).error();
  if (is_refusal(*answer)) {
    scrub(answer->body, token);
    return refusal(service, *answer, answer->head.status == 403 ? advice : "");
  }
  auto reply = JsonObject::parse(answer->body);
  if (reply) return *std::move(reply);
  return Error{.code = ErrorCode::server_error,
               .phase = Phase::credentials,
               .message = fmt::format("expected JSON from {}, got something else", service)};
}

class ImpersonatedAccount final : public GoogleAccount {
 public:
  ImpersonatedAccount(GoogleAccountPtr source, Impersonation target, std::string quota_project)
      : source_(std::move(source)),
        target_(std::move(target)),
        quota_project_(std::move(quota_project)) {}

  Result<Token> fetch_access_token(std::string_view scope, const SigningServices& services,
                                   const SignContext& context) const override {
    auto token = source_->fetch_access_token(impersonation_scope, services, context);
    if (!token) return token;
    return fetch_impersonated_access_token(target_, scope, token->value, services, context);
  }
  Result<Token> fetch_id_token(std::string_view audience, const SigningServices& services,
                               const SignContext& context) const override {
    auto token = source_->fetch_access_token(impersonation_scope, services, context);
    if (!token) return token;
    return fetch_impersonated_id_token(target_, audience, token->value, services, context);
  }
  [[nodiscard]] std::string cache_key() const override {
    return fmt::format("as {} through [{}] by {}", target_.url, fmt::join(target_.delegates, ","),
                       source_->cache_key());
  }
  [[nodiscard]] std::string describe() const override {
    return fmt::format("Google service account {}, impersonated by {}", target_.mail,
                       source_->describe());
  }
  [[nodiscard]] std::string universe_domain() const override { return source_->universe_domain(); }
  [[nodiscard]] std::string quota_project() const override { return quota_project_; }

 private:
  const GoogleAccountPtr source_;
  const Impersonation target_;
  const std::string quota_project_;
};

}  // namespace

Result<Impersonation> read_impersonation(const JsonObject& file, std::string_view universe) {
  auto url = required_member(file, "service_account_impersonation_url");
  if (!url) return std::move(url).error();
  auto mail = check_impersonation_url(*url, universe);
  if (!mail) return std::move(mail).error();
  return Impersonation{
      .url = *std::move(url), .mail = *std::move(mail), .delegates = file.texts("delegates")};
}

HttpRequest impersonated_access_token_request(const Impersonation& target, std::string_view scope,
                                              const Secret& token) {
  json scopes = json::array();
  std::istringstream words{std::string(scope)};
  for (std::string word; words >> word;) scopes.push_back(word);
  json body = {{"scope", std::move(scopes)},
               {"lifetime", fmt::format("{}s", target.lifetime.count())}};
  if (!target.delegates.empty()) body["delegates"] = delegates_of(target);
  return json_request(target.url, body, token);
}

HttpRequest impersonated_id_token_request(const Impersonation& target, std::string_view audience,
                                          const Secret& token) {
  std::string url = target.url.substr(0, target.url.rfind(':')) + ":generateIdToken";
  json body = {{"audience", audience}, {"includeEmail", true}};
  if (!target.delegates.empty()) body["delegates"] = delegates_of(target);
  return json_request(std::move(url), body, token);
}

Result<Token> fetch_impersonated_access_token(const Impersonation& target, std::string_view scope,
                                              const Secret& token, const SigningServices& services,
                                              const SignContext& context) {
  const auto reply = ask(services, context, token,
                         [&] { return impersonated_access_token_request(target, scope, token); });
  if (!reply) return reply.error();
  const auto ends = parse_iso_time(reply->text("expireTime"));
  Secret access_token(reply->text("accessToken"));
  if (access_token.empty() || !ends) {
    return Error{.code = ErrorCode::server_error,
                 .phase = Phase::credentials,
                 .message = fmt::format(
                     "expected \"accessToken\" and \"expireTime\" from {}, got no such", service)};
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(services.environment->now());
  return Token{.value = std::move(access_token), .lifetime = *ends - now};
}

Result<Token> fetch_impersonated_id_token(const Impersonation& target, std::string_view audience,
                                          const Secret& token, const SigningServices& services,
                                          const SignContext& context) {
  const auto reply = ask(services, context, token,
                         [&] { return impersonated_id_token_request(target, audience, token); });
  if (!reply) return reply.error();
  return make_id_token(reply->text("token"), *services.environment);
}

Result<GoogleAccountPtr> read_impersonated_account(const JsonObject& file) {
  const auto nested = file.object("source_credentials");
  if (!nested) {
    return credentials_error(
        "the Google credential file of the type \"impersonated_service_account\" has no "
        "\"source_credentials\"");
  }
  if (nested->text("type") == "impersonated_service_account") {
    return credentials_error(
        "the \"source_credentials\" of an impersonation impersonate themselves: name the accounts "
        "in between as \"delegates\"");
  }
  auto source = parse_google_credentials(*nested, GoogleFileType::any);
  if (!source) {
    Error error = std::move(source).error();
    error.message = fmt::format("source_credentials: {}", error.message);
    return error;
  }
  auto target = read_impersonation(file, (*source)->universe_domain());
  if (!target) return std::move(target).error();
  return GoogleAccountPtr(std::make_shared<ImpersonatedAccount>(
      *std::move(source), *std::move(target), file.text("quota_project_id")));
}

}  // namespace ek

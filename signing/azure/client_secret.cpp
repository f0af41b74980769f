#include "signing/azure/client_secret.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/azure/aadsts.hpp"
#include "signing/bearer.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

constexpr std::string_view service = "Microsoft Entra";
// For a reply without expires_in.
constexpr std::chrono::seconds assumed_lifetime = std::chrono::minutes(5);

Error bad_application(std::string message) {
  return {.code = ErrorCode::invalid_request,
          .phase = Phase::credentials,
          .message = std::move(message)};
}

bool is_tenant(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

bool is_shared_tenant(std::string_view text) noexcept {
  return iequals(text, "common") || iequals(text, "organizations") || iequals(text, "consumers");
}

bool is_adfs(const AzureClientSecret& application) noexcept {
  return iequals(application.tenant_id, "adfs");
}

Result<void> check_authority(const std::string& text) {
  const auto uri = parse_uri(text);
  if (!uri) {
    return bad_application(
        fmt::format("expected an authority host like "
                    "https://login.microsoftonline.com: {}",
                    uri.error().message));
  }
  const bool safe = uri->scheme == "https" || (uri->scheme == "http" && is_loopback(uri->host));
  if (!safe || !uri->query.empty() || (uri->path.size() > 1)) {
    return bad_application(
        fmt::format("expected an authority host like https://login.microsoftonline.com, with "
                    "https and without a path; got {}",
                    clip(printable(text), 200)));
  }
  return {};
}

class ClientSecretIdentity final : public Identity {
 public:
  explicit ClientSecretIdentity(AzureClientSecret application)
      : application_(std::make_shared<const AzureClientSecret>(std::move(application))) {}

  Result<std::shared_ptr<Signer>> signer_for(const SigningScope& scope,
                                             const SigningServices& services) const override {
    if (scope.entra_scope.empty()) return cannot_serve("an Azure application", scope);
    const AzureClientSecret& who = *application_;
    // The cache is lent by the services; the fetch must not keep them alive in a circle.
    TokenSource source{.key = fmt::format("entra {} {} {} {}", who.authority_host, who.tenant_id,
                                          who.client_id, scope.entra_scope),
                       .fetch = [application = application_, text = scope.entra_scope,
                                 transport = services.transport,
                                 environment = services.environment](const SignContext& context) {
                         return fetch_client_secret_token(
                             *application, text,
                             {.transport = transport, .environment = environment}, context);
                       }};
    return make_token_signer(std::move(source), describe(), services);
  }
  [[nodiscard]] std::string describe() const override {
    return fmt::format("Azure application {} in tenant {}", printable(application_->client_id),
                       application_->tenant_id);
  }

 private:
  const std::shared_ptr<const AzureClientSecret> application_;
};

}  // namespace

Result<AzureClientSecret> check_client_secret(AzureClientSecret application) {
  if (!is_tenant(application.tenant_id)) {
    return bad_application(
        fmt::format("expected a tenant id (letters, digits, '.' and '-'), got \"{}\"",
                    clip(printable(application.tenant_id), 80)));
  }
  if (is_shared_tenant(application.tenant_id)) {
    return bad_application(
        fmt::format("an application signs in to one tenant, not to \"{}\": give the tenant's id",
                    application.tenant_id));
  }
  if (application.client_id.empty()) return bad_application("the client id is empty");
  if (application.client_secret.empty()) return bad_application("the client secret is empty");
  if (auto good = check_authority(application.authority_host); !good)
    return std::move(good).error();
  if (application.authority_host.ends_with('/')) application.authority_host.pop_back();
  return application;
}

HttpRequest client_secret_request(const AzureClientSecret& application, std::string_view scope) {
  const bool adfs = is_adfs(application);
  constexpr std::string_view all_permissions = "/.default";
  if (adfs && scope.ends_with(all_permissions)) scope.remove_suffix(all_permissions.size());
  return form_request(fmt::format("{}/{}/oauth2/{}token", application.authority_host,
                                  application.tenant_id, adfs ? "" : "v2.0/"),
                      {{"grant_type", "client_credentials"},
                       {"client_id", application.client_id},
                       {"client_secret", application.client_secret.reveal()},
                       {"scope", scope}});
}

Error entra_refusal(const HttpResponse& response) {
  const OAuthError said = parse_oauth_error(response.body);
  const std::string_view code = aadsts_code(said.description);
  Error error = refusal(service, response, aadsts_advice(code));
  if (!code.empty()) error.reason = fmt::format("AADSTS{}", code);
  if (!said.trace_id.empty() || !said.correlation_id.empty()) {
    error.message += fmt::format(" [trace id {}, correlation id {}]", printable(said.trace_id),
                                 printable(said.correlation_id));
  }
  if (is_passing_aadsts(code)) {
    error.retryable = true;
    error.code = ErrorCode::unavailable;
  }
  return error;
}

Result<Token> fetch_client_secret_token(const AzureClientSecret& application,
                                        std::string_view scope, const SigningServices& services,
                                        const SignContext& context) {
  auto answer = ask_token_service(services, context, service, [&]() -> Result<HttpRequest> {
    return client_secret_request(application, scope);
  });
  if (!answer) return std::move(answer).error();
  if (is_refusal(*answer)) {
    scrub(answer->body, application.client_secret);
    return entra_refusal(*answer);
  }
  auto reply = parse_token_reply(answer->body);
  if (!reply) return std::move(reply).error();
  return Token{.value = std::move(reply->access_token),
               .lifetime = reply->expires_in.value_or(assumed_lifetime),
               .refresh_in = reply->refresh_in};
}

std::shared_ptr<const Identity> make_client_secret_identity(AzureClientSecret application) {
  return std::make_shared<ClientSecretIdentity>(std::move(application));
}

}  // namespace ek

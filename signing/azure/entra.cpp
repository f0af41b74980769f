#include "signing/azure/entra.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "signing/azure/aadsts.hpp"
#include "signing/azure/authority.hpp"
#include "signing/azure/clouds.hpp"
#include "signing/azure/invalid.hpp"
#include "signing/azure/token_reply.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

constexpr std::string_view service = "Microsoft Entra";

Result<Token> fetch_token(const EntraApplication& application, const EntraAsk& ask,
                          const MakeEntraProof& make, const SigningServices& services,
                          const SignContext& context) {
  EntraApplication who = application;
  who.tenant_id = tenant_for(application.tenant_id, ask.tenant, *services.environment);
  const std::string url = token_url(who, ask);
  Secret shown;
  auto answer = ask_token_service(services, context, service, [&]() -> Result<HttpRequest> {
    auto proof = make(url, *services.environment);
    if (!proof) return std::move(proof).error();
    shown = proof->value;
    return token_request(who, ask, *proof);
  });
  if (!answer) return std::move(answer).error();
  if (is_refusal(*answer)) {
    scrub(answer->body, shown);
    return entra_refusal(*answer);
  }
  return parse_entra_token(answer->body,
                           std::chrono::floor<std::chrono::seconds>(services.environment->now()));
}

}  // namespace

Result<EntraApplication> check_application(EntraApplication application) {
  if (auto good = check_tenant(application.tenant_id); !good) return std::move(good).error();
  if (application.client_id.empty()) return invalid_identity("the client id is empty");
  if (application.authority_host.empty()) return application;
  auto host = check_authority_host(std::move(application.authority_host));
  if (!host) return std::move(host).error();
  application.authority_host = *std::move(host);
  return application;
}

std::string token_url(const EntraApplication& application, const EntraAsk& ask) {
  const std::string_view authority = application.authority_host.empty()
                                         ? azure_cloud_of(ask.scope).authority
                                         : std::string_view(application.authority_host);
  return fmt::format("{}/{}/oauth2/{}token", authority, application.tenant_id,
                     is_adfs(application.tenant_id) ? "" : "v2.0/");
}

HttpRequest token_request(const EntraApplication& application, const EntraAsk& ask,
                          const EntraProof& proof) {
  FormFields fields = {{"grant_type", "client_credentials"}, {"client_id", application.client_id}};
  if (proof.is_assertion) {
    fields.emplace_back("client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    fields.emplace_back("client_assertion", proof.value.reveal());
  } else {
    fields.emplace_back("client_secret", proof.value.reveal());
  }
  fields.emplace_back("scope", is_adfs(application.tenant_id) ? resource_of(ask.scope) : ask.scope);
  if (!ask.claims.empty()) fields.emplace_back("claims", ask.claims);
  return form_request(token_url(application, ask), fields);
}

EntraMethod application_method(EntraApplication application, std::string_view proof,
                               MakeEntraProof make) {
  EntraMethod method{
      .key = fmt::format("{} {} {} {}", application.authority_host, application.tenant_id,
                         application.client_id, proof),
      .description = fmt::format("Azure application {} in tenant {}",
                                 printable(application.client_id), application.tenant_id)};
  method.fetch = [application = std::move(application), make = std::move(make)](
                     const EntraAsk& ask, const SigningServices& services,
                     const SignContext& context) {
    return fetch_token(application, ask, make, services, context);
  };
  return method;
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

}  // namespace ek

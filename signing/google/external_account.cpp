#include "signing/google/external_account.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.hpp"
#include "signing/credentials_error.hpp"
#include "signing/google/authorized_user.hpp"
#include "signing/google/credential_file.hpp"
#include "signing/google/url.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

constexpr std::string_view service = "Google's security token service";
constexpr std::string_view access_token_type = "urn:ietf:params:oauth:token-type:access_token";
constexpr std::chrono::seconds assumed_lifetime = std::chrono::minutes(5);
constexpr std::int64_t shortest_lifetime = 600;
constexpr std::int64_t longest_lifetime = 43'200;

Error wrong(std::string_view why) {
  return credentials_error(
      fmt::format("in the Google credential file of an external account, {}", why));
}

bool is_workforce_pool(std::string_view audience) {
  return audience.find("/locations/") != std::string_view::npos &&
         audience.find("/workforcePools/") != std::string_view::npos;
}

Result<std::optional<Impersonation>> impersonation_of(const JsonObject& file,
                                                      std::string_view universe) {
  std::optional<Impersonation> none;
  if (!file.has("service_account_impersonation_url")) return none;
  auto target = read_impersonation(file, universe);
  if (!target) return std::move(target).error();
  const auto options = file.object("service_account_impersonation");
  if (options && options->has("token_lifetime_seconds")) {
    const auto lifetime = options->integer("token_lifetime_seconds");
    if (!lifetime || *lifetime < shortest_lifetime || *lifetime > longest_lifetime)
      return wrong("\"token_lifetime_seconds\" is not between 600 and 43200");
    target->lifetime = std::chrono::seconds(*lifetime);
  }
  return std::optional(*std::move(target));
}

Result<SubjectSource> source_of(const JsonObject& file, const ExternalAccount& account) {
  const auto source = file.object("credential_source");
  if (!source) return wrong("\"credential_source\" is missing");
  return read_subject_source(
      *source,
      {.audience = account.audience,
       .token_type = account.subject_token_type,
       .impersonated_mail = account.impersonation ? account.impersonation->mail : std::string()});
}

// Members that stand for themselves.
Result<ExternalAccount> plain_members(const JsonObject& file) {
  auto audience = required_member(file, "audience");
  if (!audience) return std::move(audience).error();
  auto type = required_member(file, "subject_token_type");
  if (!type) return std::move(type).error();
  auto universe = check_universe(file.text("universe_domain"));
  if (!universe) return std::move(universe).error();
  ExternalAccount account{.audience = *std::move(audience),
                          .subject_token_type = *std::move(type),
                          .token_url = file.text("token_url"),
                          .client_id = file.text("client_id"),
                          .client_secret = Secret(file.text("client_secret")),
                          .user_project = file.text("workforce_pool_user_project"),
                          .quota_project = file.text("quota_project_id"),
                          .universe_domain = *std::move(universe)};
  if (account.token_url.empty()) {
    const auto source = file.object("credential_source");
    const bool mutual = source && source->has("certificate");
    account.token_url =
        fmt::format("https://sts.{}{}/v1/token", mutual ? "mtls." : "", account.universe_domain);
  }
  if (auto trusted = check_google_url("token_url", account.token_url, account.universe_domain);
      !trusted) {
    return std::move(trusted).error();
  }
  if (!account.user_project.empty() && !is_workforce_pool(account.audience))
    return wrong(
        "\"workforce_pool_user_project\" stands beside an audience that is no workforce pool");
  return account;
}

class FederatedAccount final : public GoogleAccount {
 public:
  explicit FederatedAccount(ExternalAccount account) : account_(std::move(account)) {}

  Result<Token> fetch_access_token(std::string_view scope, const SigningServices& services,
                                   const SignContext& context) const override {
    if (!account_.impersonation) return exchange(scope, services, context);
    auto token = exchange(impersonation_scope, services, context);
    if (!token) return token;
    return fetch_impersonated_access_token(*account_.impersonation, scope, token->value, services,
                                           context);
  }
  Result<Token> fetch_id_token(std::string_view audience, const SigningServices& services,
                               const SignContext& context) const override {
    if (!account_.impersonation) return GoogleAccount::fetch_id_token(audience, services, context);
    auto token = exchange(impersonation_scope, services, context);
    if (!token) return token;
    return fetch_impersonated_id_token(*account_.impersonation, audience, token->value, services,
                                       context);
  }
  [[nodiscard]] std::string cache_key() const override {
    return fmt::format("federation {} {} {} {} by {} as {}", account_.token_url, account_.audience,
                       account_.client_id, account_.user_project, account_.source.description,
                       account_.impersonation ? account_.impersonation->url : "itself");
  }
  [[nodiscard]] std::string describe() const override {
    const std::string who =
        account_.impersonation
            ? fmt::format("Google service account {}, impersonated by the federation",
                          account_.impersonation->mail)
            : std::string("Google federation");
    return fmt::format("{} {} with a token from {}", who, clip(printable(account_.audience), 200),
                       printable(account_.source.description));
  }
  [[nodiscard]] std::string universe_domain() const override { return account_.universe_domain; }
  [[nodiscard]] std::string quota_project() const override { return account_.quota_project; }

 private:
  Result<Token> exchange(std::string_view scope, const SigningServices& services,
                         const SignContext& context) const {
    const auto subject = account_.source.fetch(services, context);
    if (!subject) return subject.error();
    FetchOptions route;
    if (account_.source.identity) {
      auto identity = account_.source.identity(services);
      if (!identity) return std::move(identity).error();
      route.tls.client_certificate = *std::move(identity);
    }
    const auto make = [&]() -> Result<HttpRequest> {
      return exchange_request(account_, scope, *subject);
    };
    auto answer = ask_token_service(services, context, service, make, route);
    if (!answer) return std::move(answer).error();
    if (is_refusal(*answer)) {
      scrub(answer->body, *subject);
      scrub(answer->body, account_.client_secret);
      return refusal(service, *answer,
                     fmt::format("The token to exchange came from {}; the audience was {}",
                                 printable(account_.source.description),
                                 clip(printable(account_.audience), 200)));
    }
    auto reply = parse_token_reply(answer->body);
    if (!reply) return std::move(reply).error();
    return Token{.value = std::move(reply->access_token),
                 .lifetime = reply->expires_in.value_or(assumed_lifetime)};
  }

  const ExternalAccount account_;
};

}  // namespace

Result<ExternalAccount> parse_external_account(const JsonObject& file) {
  auto account = plain_members(file);
  if (!account) return account;
  auto impersonation = impersonation_of(file, account->universe_domain);
  if (!impersonation) return std::move(impersonation).error();
  account->impersonation = *std::move(impersonation);
  auto source = source_of(file, *account);
  if (!source) return std::move(source).error();
  account->source = *std::move(source);
  return account;
}

HttpRequest exchange_request(const ExternalAccount& account, std::string_view scope,
                             const Secret& subject_token) {
  FormFields fields = {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                       {"audience", account.audience},
                       {"scope", scope},
                       {"requested_token_type", access_token_type},
                       {"subject_token", subject_token.reveal()},
                       {"subject_token_type", account.subject_token_type}};
  std::string options;
  // A client has a project of its own.
  if (!account.user_project.empty() && account.client_id.empty()) {
    options = nlohmann::json{{"userProject", account.user_project}}.dump(
        -1, ' ', false, nlohmann::json::error_handler_t::replace);
    fields.emplace_back("options", options);
  }
  HttpRequest request = form_request(account.token_url, fields);
  if (!account.client_id.empty())
    request.headers.push_back(basic_authorization(account.client_id, account.client_secret));
  return request;
}

Result<GoogleAccountPtr> read_external_account(const JsonObject& file) {
  auto account = parse_external_account(file);
  if (!account) return std::move(account).error();
  return GoogleAccountPtr(std::make_shared<FederatedAccount>(*std::move(account)));
}

}  // namespace ek

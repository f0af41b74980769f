#include "signing/google/service_account.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/http_date.hpp"
#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/bearer.hpp"
#include "signing/credentials_error.hpp"
#include "signing/jwt.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds fudge{10};
constexpr std::chrono::seconds lifetime = std::chrono::hours(1);  // Google's maximum
// For a reply without expires_in.
constexpr std::chrono::seconds assumed_lifetime = std::chrono::minutes(5);
constexpr std::string_view default_universe = "googleapis.com";
constexpr std::string_view service = "Google's token service";

std::string text_member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Error no_key(std::string_view why) {
  return credentials_error(
      fmt::format("expected the JSON key of a Google service account, but {}", why));
}

// What a credential file is, if it is not a service-account key; "" if it is one.
std::string objection(const json& file) {
  if (!file.is_object()) return "the text is not a JSON object";
  if (file.contains("web") || file.contains("installed"))
    return "this is the file of an OAuth client; create a key for a service account instead";
  const std::string type = text_member(file, "type");
  if (type == "service_account") return "";
  if (type == "authorized_user")
    return "these are user credentials (authorized_user), which gcloud makes for a person";
  if (type.empty()) return "it has no \"type\"";
  return fmt::format("its type is \"{}\"", clip(printable(type), 60));
}

bool is_google_host(std::string_view host) noexcept {
  return iequals(host, "accounts.google.com") || to_lower(host).ends_with(".googleapis.com");
}

Result<void> check_token_uri(const std::string& text) {
  const auto uri = parse_uri(text);
  if (!uri) return no_key("its token_uri is no URL");
  if (uri->scheme == "http" && is_loopback(uri->host)) return {};
  if (uri->scheme == "https" && (is_google_host(uri->host) || is_loopback(uri->host))) return {};
  return no_key(fmt::format(
      "its token_uri points to {}://{}; it is trusted only as https on a host of googleapis.com "
      "or accounts.google.com, or on this machine",
      uri->scheme, uri->authority()));
}

json base_claims(const ServiceAccountKey& key, std::string_view scope,
                 std::chrono::sys_seconds now) {
  const auto issued = (now - fudge).time_since_epoch();
  return {{"iss", key.client_email},
          {"scope", scope},
          {"iat", issued.count()},
          {"exp", (issued + lifetime).count()}};
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool blames_the_clock(const HttpResponse& response) {
  return is_refusal(response) && response.body.find("reasonable timeframe") != std::string::npos;
}

std::string clock_advice(const HttpResponse& response, std::chrono::sys_seconds now) {
  const auto theirs = parse_http_date(response.head.header("date"));
  if (!theirs) return "Check the clock of this machine";
  return fmt::format("The clock of this machine differs from Google's by {} s: set it",
                     (now - *theirs).count());
}

std::string advice_for(const HttpResponse& response, std::chrono::sys_seconds now) {
  if (blames_the_clock(response)) return clock_advice(response, now);
  if (response.body.find("Invalid JWT Signature") != std::string::npos)
    return "The key was deleted or replaced: create a new one for the service account";
  if (response.body.find("account not found") != std::string::npos)
    return "The service account was deleted or belongs to a disabled project";
  return "";
}

std::chrono::sys_seconds seconds_now(const SigningServices& services) {
  return std::chrono::floor<std::chrono::seconds>(services.environment->now());
}

Result<HttpResponse> exchange(const ServiceAccountKey& key, std::string_view scope,
                              const SigningServices& services, const SignContext& context,
                              std::chrono::seconds correction) {
  Secret assertion;
  auto answer = ask_token_service(services, context, service, [&]() -> Result<HttpRequest> {
    const auto claims = grant_claims(key, scope, seconds_now(services) + correction);
    auto jwt = make_jwt(key.key_id, claims, key.private_key);
    if (!jwt) return std::move(jwt).error();
    assertion = Secret(*std::move(jwt));
    return grant_request(key, assertion.reveal());
  });
  if (answer) scrub(answer->body, assertion);
  return answer;
}

class ServiceAccountIdentity final : public Identity {
 public:
  ServiceAccountIdentity(ServiceAccountKey key, GoogleProof proof)
      : key_(std::make_shared<const ServiceAccountKey>(std::move(key))),
        proof_(key_->universe_domain == default_universe ? proof : GoogleProof::self_signed) {}

  Result<std::shared_ptr<Signer>> signer_for(const SigningScope& scope,
                                             const SigningServices& services) const override {
    if (scope.google_scope.empty()) return cannot_serve("a Google service account", scope);
    const bool self_signed = proof_ == GoogleProof::self_signed;
    TokenSource source{.key = fmt::format("google {} {} {} {} {}",
                                          self_signed ? "self-signed" : "grant", key_->client_email,
                                          key_->key_id, key_->token_uri, scope.google_scope)};
    const auto text = scope.google_scope;
    if (self_signed) {
      source.fetch = [key = key_, text, environment = services.environment](const SignContext&) {
        return make_self_signed_token(*key, text,
                                      std::chrono::floor<std::chrono::seconds>(environment->now()));
      };
    } else {
      // The cache is lent by the services; the fetch must not keep them alive in a circle.
      source.fetch = [key = key_, text, transport = services.transport,
                      environment = services.environment](const SignContext& context) {
        return fetch_granted_token(*key, text, {.transport = transport, .environment = environment},
                                   context);
      };
    }
    return make_token_signer(std::move(source), describe(), services);
  }
  [[nodiscard]] std::string describe() const override {
    return fmt::format("Google service account {}", printable(key_->client_email));
  }

 private:
  const std::shared_ptr<const ServiceAccountKey> key_;
  const GoogleProof proof_;
};

}  // namespace

Result<ServiceAccountKey> parse_service_account(std::string_view text) {
  const json file = json::parse(text, nullptr, false);
  const std::string wrong = objection(file);
  if (!wrong.empty()) return no_key(wrong);
  const Secret pem(text_member(file, "private_key"));
  if (pem.empty()) return no_key("it has no \"private_key\"");
  auto private_key = RsaPrivateKey::parse(pem.reveal());
  if (!private_key)
    return no_key(
        fmt::format("its \"private_key\" is not usable: {}", private_key.error().message));
  ServiceAccountKey key{.client_email = text_member(file, "client_email"),
                        .key_id = text_member(file, "private_key_id"),
                        .token_uri = text_member(file, "token_uri"),
                        .universe_domain = text_member(file, "universe_domain"),
                        .private_key = *std::move(private_key)};
  if (key.client_email.empty()) return no_key("it has no \"client_email\"");
  if (key.token_uri.empty()) key.token_uri = "https://oauth2.googleapis.com/token";
  if (key.universe_domain.empty()) key.universe_domain = default_universe;
  if (key.universe_domain != default_universe) return key;  // token_uri is not used there
  if (auto trusted = check_token_uri(key.token_uri); !trusted) return std::move(trusted).error();
  return key;
}

std::string grant_claims(const ServiceAccountKey& key, std::string_view scope,
                         std::chrono::sys_seconds now) {
  json claims = base_claims(key, scope, now);
  claims["aud"] = key.token_uri;
  return dump(claims);
}

std::string self_signed_claims(const ServiceAccountKey& key, std::string_view scope,
                               std::chrono::sys_seconds now) {
  json claims = base_claims(key, scope, now);
  claims["sub"] = key.client_email;
  return dump(claims);
}

HttpRequest grant_request(const ServiceAccountKey& key, std::string_view assertion) {
  return form_request(key.token_uri, {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                                      {"assertion", assertion}});
}

Result<Token> fetch_granted_token(const ServiceAccountKey& key, std::string_view scope,
                                  const SigningServices& services, const SignContext& context) {
  auto answer = exchange(key, scope, services, context, std::chrono::seconds(0));
  if (answer && blames_the_clock(*answer)) {
    const auto theirs = parse_http_date(answer->head.header("date"));
    if (theirs) answer = exchange(key, scope, services, context, *theirs - seconds_now(services));
  }
  if (!answer) return std::move(answer).error();
  if (is_refusal(*answer))
    return refusal(service, *answer, advice_for(*answer, seconds_now(services)));
  auto reply = parse_token_reply(answer->body);
  if (!reply) return std::move(reply).error();
  return Token{.value = std::move(reply->access_token),
               .lifetime = reply->expires_in.value_or(assumed_lifetime)};
}

Result<Token> make_self_signed_token(const ServiceAccountKey& key, std::string_view scope,
                                     std::chrono::sys_seconds now) {
  auto jwt = make_jwt(key.key_id, self_signed_claims(key, scope, now), key.private_key);
  if (!jwt) return std::move(jwt).error();
  return Token{.value = Secret(*std::move(jwt)), .lifetime = lifetime - fudge};
}

std::shared_ptr<const Identity> make_service_account_identity(ServiceAccountKey key,
                                                              GoogleProof proof) {
  return std::make_shared<ServiceAccountIdentity>(std::move(key), proof);
}

}  // namespace ek

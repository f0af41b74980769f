#include "signing/google/service_account.hpp"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/http_date.hpp"
#include "base/text.hpp"
#include "signing/credentials_error.hpp"
#include "signing/google/credential_file.hpp"
#include "signing/google/url.hpp"
#include "signing/json_members.hpp"
#include "signing/jwt.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds fudge{10};
constexpr std::chrono::seconds lifetime = std::chrono::hours(1);  // Google's maximum
// For a reply without expires_in.
constexpr std::chrono::seconds assumed_lifetime = std::chrono::minutes(5);
constexpr std::string_view service = "Google's token service";

Error no_key(std::string_view why) {
  return credentials_error(
      fmt::format("expected the JSON key of a Google service account, but {}", why));
}

json base_claims(const ServiceAccountKey& key, const char* wanted, std::string_view value,
                 std::chrono::sys_seconds now) {
  const auto issued = (now - fudge).time_since_epoch();
  return {{"iss", key.client_email},
          {wanted, value},
          {"iat", issued.count()},
          {"exp", (issued + lifetime).count()}};
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

using MakeClaims = std::function<std::string(std::chrono::sys_seconds now)>;

Result<HttpResponse> exchange_once(const ServiceAccountKey& key, const MakeClaims& make_claims,
                                   const SigningServices& services, const SignContext& context,
                                   std::chrono::seconds correction) {
  Secret assertion;
  auto answer = ask_token_service(services, context, service, [&]() -> Result<HttpRequest> {
    auto jwt =
        make_jwt(key.key_id, make_claims(seconds_now(services) + correction), key.private_key);
    if (!jwt) return std::move(jwt).error();
    assertion = Secret(*std::move(jwt));
    return grant_request(key, assertion.reveal());
  });
  if (answer) scrub(answer->body, assertion);
  return answer;
}

// An answer with a token in it. A clock that Google finds wrong is corrected once.
Result<HttpResponse> exchange(const ServiceAccountKey& key, const MakeClaims& make_claims,
                              const SigningServices& services, const SignContext& context) {
  auto answer = exchange_once(key, make_claims, services, context, std::chrono::seconds(0));
  if (answer && blames_the_clock(*answer)) {
    if (const auto theirs = parse_http_date(answer->head.header("date"))) {
      answer = exchange_once(key, make_claims, services, context, *theirs - seconds_now(services));
    }
  }
  if (answer && is_refusal(*answer))
    return refusal(service, *answer, advice_for(*answer, seconds_now(services)));
  return answer;
}

class ServiceAccount final : public GoogleAccount {
 public:
  ServiceAccount(ServiceAccountKey key, GoogleProof proof)
      : key_(std::move(key)),
        self_signed_(proof == GoogleProof::self_signed ||
                     key_.universe_domain != default_universe) {}

  Result<Token> fetch_access_token(std::string_view scope, const SigningServices& services,
                                   const SignContext& context) const override {
    if (self_signed_) return make_self_signed_token(key_, scope, seconds_now(services));
    return fetch_granted_token(key_, scope, services, context);
  }
  Result<Token> fetch_id_token(std::string_view audience, const SigningServices& services,
                               const SignContext& context) const override {
    if (key_.universe_domain != default_universe)
      return GoogleAccount::fetch_id_token(audience, services, context);
    const auto claims = [&](std::chrono::sys_seconds now) {
      return id_token_claims(key_, audience, now);
    };
    auto answer = exchange(key_, claims, services, context);
    if (!answer) return std::move(answer).error();
    const auto reply = JsonObject::parse(answer->body);
    return make_id_token(reply ? reply->text("id_token") : std::string(), *services.environment);
  }
  [[nodiscard]] std::string cache_key() const override {
    return fmt::format("{} {} {} {}", self_signed_ ? "self-signed" : "grant", key_.client_email,
                       key_.key_id, key_.token_uri);
  }
  [[nodiscard]] std::string describe() const override {
    return fmt::format("Google service account {}", printable(key_.client_email));
  }
  [[nodiscard]] std::string universe_domain() const override { return key_.universe_domain; }
  [[nodiscard]] std::string quota_project() const override { return key_.quota_project; }

 private:
  const ServiceAccountKey key_;
  const bool self_signed_;
};

}  // namespace

Result<ServiceAccountKey> parse_service_account(std::string_view text) {
  auto file = open_credential_file(text, GoogleFileType::service_account);
  if (!file) return std::move(file).error();
  return read_service_account(*file);
}

Result<ServiceAccountKey> read_service_account(const JsonObject& file) {
  auto mail = required_member(file, "client_email");
  if (!mail) return std::move(mail).error();
  auto text = required_member(file, "private_key");
  if (!text) return std::move(text).error();
  const Secret pem(*std::move(text));
  auto private_key = RsaPrivateKey::parse(pem.reveal());
  if (!private_key)
    return no_key(
        fmt::format("its \"private_key\" is not usable: {}", private_key.error().message));
  auto universe = check_universe(file.text("universe_domain"));
  if (!universe) return std::move(universe).error();
  ServiceAccountKey key{.client_email = *std::move(mail),
                        .key_id = file.text("private_key_id"),
                        .token_uri = file.text("token_uri"),
                        .universe_domain = *std::move(universe),
                        .quota_project = file.text("quota_project_id"),
                        .private_key = *std::move(private_key)};
  if (key.token_uri.empty()) key.token_uri = "https://oauth2.googleapis.com/token";
  if (auto trusted = check_google_url("token_uri", key.token_uri, key.universe_domain); !trusted)
    return std::move(trusted).error();
  return key;
}

std::string grant_claims(const ServiceAccountKey& key, std::string_view scope,
                         std::chrono::sys_seconds now) {
  json claims = base_claims(key, "scope", scope, now);
  claims["aud"] = key.token_uri;
  return dump(claims);
}

std::string self_signed_claims(const ServiceAccountKey& key, std::string_view scope,
                               std::chrono::sys_seconds now) {
  json claims = base_claims(key, "scope", scope, now);
  claims["sub"] = key.client_email;
  return dump(claims);
}

std::string id_token_claims(const ServiceAccountKey& key, std::string_view audience,
                            std::chrono::sys_seconds now) {
  json claims = base_claims(key, "target_audience", audience, now);
  claims["aud"] = key.token_uri;
  return dump(claims);
}

HttpRequest grant_request(const ServiceAccountKey& key, std::string_view assertion) {
  return form_request(key.token_uri, {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                                      {"assertion", assertion}});
}

Result<Token> fetch_granted_token(const ServiceAccountKey& key, std::string_view scope,
                                  const SigningServices& services, const SignContext& context) {
  const auto claims = [&](std::chrono::sys_seconds now) { return grant_claims(key, scope, now); };
  auto answer = exchange(key, claims, services, context);
  if (!answer) return std::move(answer).error();
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

GoogleAccountPtr make_service_account(ServiceAccountKey key, GoogleProof proof) {
  return std::make_shared<ServiceAccount>(std::move(key), proof);
}

std::shared_ptr<const Identity> make_service_account_identity(ServiceAccountKey key,
                                                              GoogleProof proof) {
  return make_google_identity(make_service_account(std::move(key), proof));
}

}  // namespace ek

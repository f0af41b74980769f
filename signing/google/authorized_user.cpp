#include "signing/google/authorized_user.hpp"

#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "signing/google/credential_file.hpp"
#include "signing/google/url.hpp"
#include "signing/oauth.hpp"

namespace ek {
namespace {

constexpr std::chrono::seconds assumed_lifetime = std::chrono::hours(1);

// How one kind of users differs from the other.
struct Kind {
  std::string_view service;  // whom the token is asked of
  std::string_view advice;   // what to do about a refresh token that is refused
  bool secret_in_header;     // or in the form
};
constexpr Kind google_user{.service = "Google's token service",
                           .advice = "Sign in again: gcloud auth application-default login",
                           .secret_in_header = false};
constexpr Kind workforce_user{
    .service = "Google's security token service",
    .advice = "Sign in again: gcloud auth application-default login --login-config=FILE",
    .secret_in_header = true};

struct User {
  std::string token_url{}, client_id{}, quota_project{}, universe{}, description{};
  Secret client_secret{}, refresh_token{};
};

class UserAccount final : public GoogleAccount {
 public:
  UserAccount(User user, const Kind& kind)
      : user_(std::move(user)), kind_(kind), refresh_token_(user_.refresh_token) {}

  // The scope is the one that the user agreed to: asking for another part of it by another name
  // would be refused.
  Result<Token> fetch_access_token(std::string_view, const SigningServices& services,
                                   const SignContext& context) const override {
    const Secret refresh_token = current();
    auto answer = ask_token_service(services, context, kind_.service, [&]() -> Result<HttpRequest> {
      return refresh_request(refresh_token);
    });
    if (!answer) return std::move(answer).error();
    if (is_refusal(*answer)) {
      scrub(answer->body, refresh_token);
      scrub(answer->body, user_.client_secret);
      const bool ended = parse_oauth_error(answer->body).error == "invalid_grant";
      return refusal(kind_.service, *answer, ended ? kind_.advice : "");
    }
    auto reply = parse_token_reply(answer->body);
    if (!reply) return std::move(reply).error();
    if (const auto object = JsonObject::parse(answer->body)) keep(object->text("refresh_token"));
    return Token{.value = std::move(reply->access_token),
                 .lifetime = reply->expires_in.value_or(assumed_lifetime)};
  }

  [[nodiscard]] std::string cache_key() const override {
    return fmt::format("user {} {} {}", user_.token_url, user_.client_id,
                       fingerprint(user_.refresh_token.reveal()));
  }
  [[nodiscard]] std::string describe() const override { return user_.description; }
  [[nodiscard]] std::string universe_domain() const override { return user_.universe; }
  [[nodiscard]] std::string quota_project() const override { return user_.quota_project; }

 private:
  [[nodiscard]] HttpRequest refresh_request(const Secret& refresh_token) const {
    FormFields fields = {{"grant_type", "refresh_token"},
                         {"refresh_token", refresh_token.reveal()}};
    if (!kind_.secret_in_header) {
      fields.emplace_back("client_id", user_.client_id);
      fields.emplace_back("client_secret", user_.client_secret.reveal());
    }
    HttpRequest request = form_request(user_.token_url, fields);
    if (kind_.secret_in_header)
      request.headers.push_back(basic_authorization(user_.client_id, user_.client_secret));
    return request;
  }
  Secret current() const {
    const std::lock_guard lock(mutex_);
    return refresh_token_;
  }
  void keep(std::string refresh_token) const {
    if (refresh_token.empty()) return;
    const std::lock_guard lock(mutex_);
    refresh_token_ = Secret(std::move(refresh_token));
  }

  const User user_;
  const Kind& kind_;
  mutable std::mutex mutex_;
  mutable Secret refresh_token_;
};

Result<User> read_user(const JsonObject& file, const char* url_member, std::string default_url) {
  auto client_id = required_member(file, "client_id");
  if (!client_id) return std::move(client_id).error();
  auto secret = required_member(file, "client_secret");
  if (!secret) return std::move(secret).error();
  auto refresh_token = required_member(file, "refresh_token");
  if (!refresh_token) return std::move(refresh_token).error();
  auto universe = check_universe(file.text("universe_domain"));
  if (!universe) return std::move(universe).error();
  User user{.token_url = file.text(url_member),
            .client_id = *std::move(client_id),
            .quota_project = file.text("quota_project_id"),
            .universe = *std::move(universe),
            .client_secret = Secret(*std::move(secret)),
            .refresh_token = Secret(*std::move(refresh_token))};
  if (user.token_url.empty()) user.token_url = std::move(default_url);
  if (auto trusted = check_google_url(url_member, user.token_url, user.universe); !trusted)
    return std::move(trusted).error();
  return user;
}

}  // namespace

Result<GoogleAccountPtr> read_authorized_user(const JsonObject& file) {
  auto user = read_user(file, "token_uri", "https://oauth2.googleapis.com/token");
  if (!user) return std::move(user).error();
  const std::string mail = file.text("account");
  user->description =
      mail.empty() ? fmt::format("Google user of the OAuth client {}", shorten(user->client_id))
                   : fmt::format("Google user {}", printable(mail));
  return GoogleAccountPtr(std::make_shared<UserAccount>(*std::move(user), google_user));
}

Result<GoogleAccountPtr> read_external_account_user(const JsonObject& file) {
  auto audience = required_member(file, "audience");
  if (!audience) return std::move(audience).error();
  const auto universe = check_universe(file.text("universe_domain"));
  if (!universe) return universe.error();
  auto user = read_user(file, "token_url", fmt::format("https://sts.{}/v1/oauthtoken", *universe));
  if (!user) return std::move(user).error();
  user->description = fmt::format("Google workforce user of {}", clip(printable(*audience), 200));
  return GoogleAccountPtr(std::make_shared<UserAccount>(*std::move(user), workforce_user));
}

Header basic_authorization(std::string_view client_id, const Secret& client_secret) {
  const Secret both(fmt::format("{}:{}", client_id, client_secret.reveal()));
  return {"authorization", "Basic " + base64_encode(both.reveal()), true};
}

}  // namespace ek

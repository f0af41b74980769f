#include "signing/google/account.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "signing/bearer.hpp"
#include "signing/chain.hpp"
#include "signing/credentials_error.hpp"
#include "signing/crypto/sha256.hpp"
#include "signing/google/url.hpp"
#include "signing/json_object.hpp"
#include "signing/jwt.hpp"

namespace ek {
namespace {

constexpr std::string_view quota_header = "x-goog-user-project";
constexpr std::string_view quota_variable = "GOOGLE_CLOUD_QUOTA_PROJECT";
constexpr std::string_view universe_variable = "GOOGLE_CLOUD_UNIVERSE_DOMAIN";

// Another signer's headers and the project whose quota is used.
class QuotaSigner final : public Signer {
 public:
  QuotaSigner(std::shared_ptr<Signer> signer, std::string project)
      : signer_(std::move(signer)), project_(std::move(project)) {}

  Result<std::vector<Header>> sign(const HttpRequest& request,
                                   const SignContext& context) override {
    auto headers = signer_->sign(request, context);
    const bool there =
        std::any_of(request.headers.begin(), request.headers.end(),
                    [](const Header& header) { return iequals(header.name, quota_header); });
    if (headers && !there) headers->push_back({std::string(quota_header), project_, false});
    return headers;
  }
  bool renew(const std::vector<Header>& refused) override { return signer_->renew(refused); }
  bool renew_after(const HttpHead& answer, const std::vector<Header>& refused) override {
    return signer_->renew_after(answer, refused);
  }
  [[nodiscard]] std::string describe() const override { return signer_->describe(); }

  CredentialReport explain(const SignContext& context) override {
    return signer_->explain(context);
  }
  Result<std::string> fetch_identity(const SigningServices& services,
                                     const SignContext& context) override {
    return signer_->fetch_identity(services, context);
  }
  [[nodiscard]] std::string explain_refusal(const HttpRequest& sent, const SigningScope& scope,
                                            std::string_view said) const override {
    return signer_->explain_refusal(sent, scope, said);
  }

 private:
  const std::shared_ptr<Signer> signer_;
  const std::string project_;
};

Result<void> check_same_universe(const GoogleAccount& account, const Environment& environment) {
  const std::string ours =
      to_lower(variable(environment, universe_variable).value_or(std::string(default_universe)));
  if (ours == account.universe_domain()) return {};
  return credentials_error(fmt::format(
      "{} belongs to the universe {}, but {} says that this program calls {}. Set it to the "
      "account's universe, or use an account of the other",
      account.describe(), account.universe_domain(),
      variable(environment, universe_variable) ? universe_variable
                                               : "the absence of GOOGLE_CLOUD_UNIVERSE_DOMAIN",
      ours));
}

TokenSource token_source(const GoogleAccountPtr& account, const SigningScope& scope,
                         const SigningServices& services) {
  TokenSource source{.windows = account->windows()};
  // The cache is lent by the services; the fetch must not keep them alive in a circle.
  const SigningServices lent{.transport = services.transport, .environment = services.environment};
  if (!scope.google_audience.empty()) {
    source.key = fmt::format("google id {} {}", scope.google_audience, account->cache_key());
    source.fetch = [account, audience = scope.google_audience, lent](const SignContext& context) {
      return account->fetch_id_token(audience, lent, context);
    };
  } else {
    source.key = fmt::format("google {} {}", scope.google_scope, account->cache_key());
    source.fetch = [account, wanted = scope.google_scope, lent](const SignContext& context) {
      return account->fetch_access_token(wanted, lent, context);
    };
  }
  return source;
}

class GoogleIdentity final : public Identity {
 public:
  explicit GoogleIdentity(GoogleAccountPtr account) : account_(std::move(account)) {}

  Result<std::shared_ptr<Signer>> signer_for(const SigningScope& scope,
                                             const SigningServices& services) const override {
    if (scope.google_scope.empty()) return cannot_serve("a Google identity", scope);
    return make_google_signer(account_, scope, services);
  }
  [[nodiscard]] std::string describe() const override { return account_->describe(); }

 private:
  const GoogleAccountPtr account_;
};

class IdTokenIdentity final : public Identity {
 public:
  IdTokenIdentity(std::shared_ptr<const Identity> source, std::string audience)
      : source_(std::move(source)), audience_(std::move(audience)) {}

  Result<std::shared_ptr<Signer>> signer_for(const SigningScope& scope,
                                             const SigningServices& services) const override {
    if (scope.google_scope.empty() && !scope.accepts_key)
      return cannot_serve("a Google id token", scope);
    return source_->signer_for(
        {.google_scope = "openid", .google_audience = audience_, .service = scope.service},
        services);
  }
  [[nodiscard]] std::string describe() const override {
    return fmt::format("id token for {} of {}", printable(audience_), source_->describe());
  }

 private:
  const std::shared_ptr<const Identity> source_;
  const std::string audience_;
};

}  // namespace

Result<Token> GoogleAccount::fetch_id_token(std::string_view, const SigningServices&,
                                            const SignContext&) const {
  return credentials_error(fmt::format(
      "Google makes no id token for {}: impersonate a service account, or use one directly",
      describe()));
}

Result<std::shared_ptr<Signer>> make_google_signer(const GoogleAccountPtr& account,
                                                   const SigningScope& scope,
                                                   const SigningServices& services) {
  if (auto same = check_same_universe(*account, *services.environment); !same)
    return std::move(same).error();
  auto signer =
      make_token_signer(token_source(account, scope, services), account->describe(), services);
  const std::string project =
      variable(*services.environment, quota_variable).value_or(account->quota_project());
  if (project.empty() || !scope.google_audience.empty()) return signer;
  return std::shared_ptr<Signer>(std::make_shared<QuotaSigner>(std::move(signer), project));
}

std::shared_ptr<const Identity> make_google_identity(GoogleAccountPtr account) {
  return std::make_shared<GoogleIdentity>(std::move(account));
}

std::shared_ptr<const Identity> make_id_token_identity(std::shared_ptr<const Identity> source,
                                                       std::string audience) {
  return std::make_shared<IdTokenIdentity>(std::move(source), std::move(audience));
}

Result<Token> make_id_token(std::string jwt, const Environment& environment) {
  Secret value(std::move(jwt));
  const auto parsed = parse_jwt(trim(value.reveal()));
  const auto claims = parsed ? JsonObject::parse(parsed->claims_json) : std::nullopt;
  const auto ends = claims ? claims->integer("exp") : std::nullopt;
  constexpr std::int64_t far_future = 1LL << 40;  // no clock arithmetic may overflow
  if (!ends || *ends < 0 || *ends > far_future) {
    return Error{.code = ErrorCode::server_error,
                 .phase = Phase::credentials,
                 .message =
                     "expected a JSON Web Token with \"exp\" as Google's id token, got "
                     "something else"};
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(environment.now());
  return Token{.value = Secret(std::string(trim(value.reveal()))),
               .lifetime = std::chrono::sys_seconds(std::chrono::seconds(*ends)) - now};
}

std::string fingerprint(std::string_view secret) {
  return to_hex(view(Sha256().hash(secret)).substr(0, 8));
}

}  // namespace ek

#include "signing/bearer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/credentials_error.hpp"
#include "signing/token_claims.hpp"

namespace ek {
namespace {

constexpr std::string_view prefix = "Bearer ";

class KeySigner final : public Signer {
 public:
  KeySigner(Secret key, std::string_view origin)
      : key_(std::move(key)),
        description_(origin.empty() ? "key" : fmt::format("key {}", origin)) {}

  Result<std::vector<Header>> sign(const HttpRequest& request, const SignContext&) override {
    if (auto allowed = check_secret_may_go_to(request.url); !allowed)
      return std::move(allowed).error();
    return bearer_headers(key_);
  }
  bool renew(const std::vector<Header>&) override { return false; }
  [[nodiscard]] std::string describe() const override { return description_; }
  // The key may be a token that the application fetched itself.
  [[nodiscard]] std::string explain_refusal(const HttpRequest& sent, const SigningScope& scope,
                                            std::string_view) const override {
    return explain_bearer_refusal(sent, scope);
  }

 private:
  const Secret key_;
  const std::string description_;
};

class KeyIdentity final : public Identity {
 public:
  explicit KeyIdentity(Secret key) : key_(std::move(key)) {}

  Result<std::shared_ptr<Signer>> signer_for(const SigningScope& scope,
                                             const SigningServices&) const override {
    if (!scope.accepts_key) return cannot_serve("a key", scope);
    return make_key_signer(key_);
  }
  [[nodiscard]] std::string describe() const override { return "key"; }

 private:
  const Secret key_;
};

class TokenSigner final : public Signer {
 public:
  TokenSigner(TokenSource source, std::string description, const SigningServices& services)
      : source_(std::move(source)),
        description_(std::move(description)),
        environment_(services.environment),
        tokens_(services.tokens) {}

  Result<std::vector<Header>> sign(const HttpRequest& request,
                                   const SignContext& context) override {
    if (auto allowed = check_secret_may_go_to(request.url); !allowed)
      return std::move(allowed).error();
    auto token = tokens_->get(source_, *environment_, context);
    if (!token) return std::move(token).error();
    return bearer_headers((*token)->value);
  }

  bool renew(const std::vector<Header>& refused) override {
    for (const Header& header : refused) {
      if (!iequals(header.name, "authorization") || !header.value.starts_with(prefix)) continue;
      tokens_->drop(source_.key, Secret(header.value.substr(prefix.size())));
      return true;
    }
    return false;
  }

  [[nodiscard]] std::string describe() const override { return description_; }

  CredentialReport explain(const SignContext& context) override {
    CredentialReport report{.identity = description_};
    auto token = tokens_->get(source_, *environment_, context);
    if (!token) {
      report.error = std::move(token).error();
      return report;
    }
    report.expires = tokens_->expiry(source_.key);
    const auto claims = parse_token_claims((*token)->value.reveal());
    const std::string who = claims ? describe_bearer(*claims) : std::string();
    if (!who.empty()) report.identity += ", that is " + who;
    return report;
  }
  [[nodiscard]] std::string explain_refusal(const HttpRequest& sent, const SigningScope& scope,
                                            std::string_view) const override {
    return explain_bearer_refusal(sent, scope);
  }

 private:
  const TokenSource source_;
  const std::string description_;
  const std::shared_ptr<const Environment> environment_;
  const std::shared_ptr<TokenCache> tokens_;
};

// What would have been right, in words.
std::string wanted_by(const SigningScope& scope) {
  std::vector<std::string_view> kinds;
  if (!scope.aws_service.empty()) kinds.emplace_back("AWS keys");
  if (!scope.google_scope.empty()) kinds.emplace_back("a Google identity");
  if (!scope.entra_scope.empty()) kinds.emplace_back("an Azure (Entra) identity");
  if (scope.accepts_key) kinds.emplace_back("a key");
  return fmt::format("{}", fmt::join(kinds, " or "));
}

}  // namespace

Result<void> check_secret_may_go_to(std::string_view url) {
  auto uri = parse_uri(url.substr(0, url.find('?')));
  if (!uri) return credentials_error(std::move(uri).error().message);
  if (uri->scheme == "https" || (uri->scheme == "http" && is_loopback(uri->host))) return {};
  return credentials_error(
      fmt::format("a secret is sent over https, or over http to this machine only; {}://{} is "
                  "neither. Use an https URL",
                  uri->scheme, uri->authority()));
}

Result<std::vector<Header>> bearer_headers(const Secret& secret) {
  const std::string& text = secret.reveal();
  const bool fits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                 [](char c) { return c > 0x20 && c < 0x7F; });
  if (!fits) {
    return credentials_error(
        "expected a key or token of visible ASCII characters without spaces; it is empty or holds "
        "others, perhaps a line break at its end");
  }
  std::vector<Header> headers(1);
  headers[0] = {"authorization", std::string(prefix) + text, true};
  return headers;
}

std::shared_ptr<Signer> make_token_signer(TokenSource source, std::string description,
                                          const SigningServices& services) {
  return std::make_shared<TokenSigner>(std::move(source), std::move(description), services);
}

std::shared_ptr<Signer> make_key_signer(Secret key, std::string_view origin) {
  return std::make_shared<KeySigner>(std::move(key), origin);
}

std::shared_ptr<const Identity> make_key_identity(Secret key) {
  return std::make_shared<KeyIdentity>(std::move(key));
}

Error cannot_serve(std::string_view identity, const SigningScope& scope) {
  return {.code = ErrorCode::invalid_request,
          .phase = Phase::credentials,
          .message = fmt::format("{} cannot prove anything to {}: it takes {}", identity,
                                 scope.service.empty() ? "this service" : scope.service,
                                 wanted_by(scope))};
}

}  // namespace ek

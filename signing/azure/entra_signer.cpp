#include "signing/azure/entra_signer.hpp"

#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "signing/azure/challenge.hpp"
#include "signing/bearer.hpp"

namespace ek {
namespace {

TokenSource source_of(const EntraMethod& method, EntraAsk ask, const SigningServices& services) {
  std::string key = fmt::format("entra {} {}", method.key, ask.scope);
  if (!ask.claims.empty()) key += fmt::format(" {} {}", ask.tenant, ask.claims);
  // The cache is lent by the services; the fetch must not keep it alive in a circle.
  return {.key = std::move(key),
          .fetch = [fetch = method.fetch, ask = std::move(ask),
                    lent = SigningServices{.transport = services.transport,
                                           .environment = services.environment}](
                       const SignContext& context) { return fetch(ask, lent, context); }};
}

class EntraSigner final : public Signer {
 public:
  EntraSigner(EntraMethod method, const SigningScope& scope, SigningServices services)
      : method_(std::move(method)),
        scope_(scope.entra_scope),
        services_(std::move(services)),
        inner_(make({.scope = scope_})) {}

  Result<std::vector<Header>> sign(const HttpRequest& request,
                                   const SignContext& context) override {
    return inner()->sign(request, context);
  }
  bool renew(const std::vector<Header>& refused) override { return inner()->renew(refused); }
  bool renew_after(const HttpHead& answer, const std::vector<Header>& refused) override {
    auto challenge = find_claims_challenge(answer);
    if (!challenge) return renew(refused);
    {
      const std::lock_guard lock(mutex_);
      if (challenge->claims != claims_) {
        claims_ = challenge->claims;
        inner_ = make({.scope = scope_,
                       .claims = std::move(challenge->claims),
                       .tenant = std::move(challenge->tenant)});
        return true;
      }
    }
    return renew(refused);  // What answered this very challenge was refused too.
  }
  CredentialReport explain(const SignContext& context) override {
    return inner()->explain(context);
  }
  [[nodiscard]] std::string explain_refusal(const HttpRequest& sent, const SigningScope& scope,
                                            std::string_view said) const override {
    return inner()->explain_refusal(sent, scope, said);
  }
  [[nodiscard]] std::string describe() const override { return method_.description; }

 private:
  std::shared_ptr<Signer> make(EntraAsk ask) const {
    return make_token_signer(source_of(method_, std::move(ask), services_), method_.description,
                             services_);
  }
  std::shared_ptr<Signer> inner() const {
    const std::lock_guard lock(mutex_);
    return inner_;
  }

  const EntraMethod method_;
  const std::string scope_;
  const SigningServices services_;
  mutable std::mutex mutex_;
  std::string claims_;
  std::shared_ptr<Signer> inner_;
};

class EntraIdentity final : public Identity {
 public:
  EntraIdentity(std::string kind, std::string description, MakeEntraMethod make)
      : kind_(std::move(kind)), description_(std::move(description)), make_(std::move(make)) {}

  Result<std::shared_ptr<Signer>> signer_for(const SigningScope& scope,
                                             const SigningServices& services) const override {
    if (scope.entra_scope.empty()) return cannot_serve(kind_, scope);
    auto method = make_(*services.environment);
    if (!method) return std::move(method).error();
    return make_entra_signer(*std::move(method), scope, services);
  }
  [[nodiscard]] std::string describe() const override { return description_; }

 private:
  const std::string kind_, description_;
  const MakeEntraMethod make_;
};

}  // namespace

std::shared_ptr<Signer> make_entra_signer(EntraMethod method, const SigningScope& scope,
                                          const SigningServices& services) {
  return std::make_shared<EntraSigner>(std::move(method), scope, services);
}

Result<void> try_entra(const EntraMethod& method, const SigningScope& scope,
                       const SigningServices& services, const SignContext& context) {
  const TokenSource source = source_of(method, {.scope = scope.entra_scope}, services);
  auto token = services.tokens->get(source, *services.environment, context);
  if (!token) return std::move(token).error();
  return {};
}

std::shared_ptr<const Identity> make_entra_identity(std::string kind, std::string description,
                                                    MakeEntraMethod make) {
  return std::make_shared<EntraIdentity>(std::move(kind), std::move(description), std::move(make));
}

std::shared_ptr<const Identity> make_entra_identity(std::string kind, EntraMethod method) {
  std::string description = method.description;
  return make_entra_identity(std::move(kind), std::move(description),
                             [method = std::move(method)](const Environment&) { return method; });
}

}  // namespace ek

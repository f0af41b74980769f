#include "signing/chain.hpp"

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "signing/credentials_error.hpp"

namespace ek {
namespace {

// Why this source has nothing, and what is there of its variables all the same.
std::string told(const CredentialReport::Link& link, const Environment& environment) {
  std::vector<std::string> facts;
  if (!link.message.empty()) facts.push_back(link.message);
  for (const std::string& name : link.looked_at) {
    if (const auto value = environment.variable(name))
      facts.push_back(fmt::format("{} is {}", name, value->empty() ? "empty" : "set"));
  }
  return fmt::format("{} ({})", link.name, fmt::join(facts, ", "));
}

Error nothing_found(const CredentialChain& chain, const CredentialReport& report,
                    const Environment& environment) {
  std::vector<std::string> looked_at;
  for (const CredentialReport::Link& link : report.links)
    looked_at.push_back(told(link, environment));
  return credentials_error(fmt::format("found no {}; looked at: {}. {}", chain.kind,
                                       fmt::join(looked_at, "; "), chain.advice));
}

using Outcome = CredentialReport::Outcome;

class ChainSigner final : public Signer {
 public:
  ChainSigner(const CredentialChain& chain, SigningScope scope, SigningServices services)
      : chain_(chain), scope_(std::move(scope)), services_(std::move(services)) {}

  Result<std::vector<Header>> sign(const HttpRequest& request,
                                   const SignContext& context) override {
    auto signer = find(context);
    if (!signer) return std::move(signer).error();
    return (*signer)->sign(request, context);
  }
  CredentialReport explain(const SignContext& context) override {
    CredentialReport report;
    const auto signer = walk(context, report);
    if (signer == nullptr) return report;
    CredentialReport told = keep(signer)->explain(context);
    report.identity = std::move(told.identity);
    report.expires = told.expires;
    report.error = std::move(told.error);
    if (!report.error) return report;
    for (CredentialReport::Link& link : report.links) {
      if (link.outcome != Outcome::answered) continue;
      link.outcome = Outcome::failed;
      link.message = report.error->message;
    }
    return report;
  }
  Result<std::string> fetch_identity(const SigningServices& services,
                                     const SignContext& context) override {
    auto signer = find(context);
    if (!signer) return std::move(signer).error();
    return (*signer)->fetch_identity(services, context);
  }
  [[nodiscard]] std::string explain_refusal(const HttpRequest& sent, const SigningScope& scope,
                                            std::string_view said) const override {
    const auto signer = found();
    return signer != nullptr ? signer->explain_refusal(sent, scope, said) : std::string();
  }
  bool renew(const std::vector<Header>& refused) override {
    const auto signer = found();
    return signer != nullptr && signer->renew(refused);
  }
  bool renew_after(const HttpHead& answer, const std::vector<Header>& refused) override {
    const auto signer = found();
    return signer != nullptr && signer->renew_after(answer, refused);
  }
  [[nodiscard]] bool is_dated() const override {
    const auto signer = found();
    return signer != nullptr && signer->is_dated();
  }
  [[nodiscard]] std::string describe() const override {
    const auto signer = found();
    if (signer != nullptr) return signer->describe();
    return fmt::format("{} from the environment, not looked up yet", chain_.kind);
  }

 private:
  std::shared_ptr<Signer> found() const {
    const std::lock_guard lock(mutex_);
    return found_;
  }

  // Sources may do I/O, so the lock is not held: two first calls may look at the same time, and
  // find the same.
  Result<std::shared_ptr<Signer>> find(const SignContext& context) {
    if (auto signer = found()) return signer;
    if (!context.may_fetch()) return fetch_is_due();
    CredentialReport report;
    if (const auto signer = walk(context, report)) return keep(signer);
    return *std::move(report.error);
  }

  // The first signer along the chain; null with report.error if there is none. Tells each link.
  std::shared_ptr<Signer> walk(const SignContext& context, CredentialReport& report) const {
    std::shared_ptr<Signer> signer;
    for (const CredentialSource& source : chain_.sources) {
      CredentialReport::Link& link = report.links.emplace_back();
      link.name = source.name;
      link.looked_at.assign(source.variables.begin(), source.variables.end());
      if (signer != nullptr || report.error) continue;
      auto outcome = source.find(scope_, services_, context, link.message);
      if (!outcome) {
        link.outcome = Outcome::failed;
        link.message = outcome.error().message;
        report.error = std::move(outcome).error();
      } else if (*outcome == nullptr) {
        link.outcome = Outcome::not_configured;
      } else {
        link.outcome = Outcome::answered;
        signer = *std::move(outcome);
        link.message = signer->describe();
      }
    }
    if (signer == nullptr && !report.error)
      report.error = nothing_found(chain_, report, *services_.environment);
    return signer;
  }

  std::shared_ptr<Signer> keep(const std::shared_ptr<Signer>& signer) {
    const std::lock_guard lock(mutex_);
    if (found_ == nullptr) found_ = signer;
    return found_;
  }

  const CredentialChain chain_;
  const SigningScope scope_;
  const SigningServices services_;
  mutable std::mutex mutex_;
  std::shared_ptr<Signer> found_;
};

}  // namespace

std::shared_ptr<Signer> make_chain_signer(const CredentialChain& chain, SigningScope scope,
                                          SigningServices services) {
  return std::make_shared<ChainSigner>(chain, std::move(scope), std::move(services));
}

std::optional<std::string> variable(const Environment& environment, std::string_view name) {
  auto value = environment.variable(std::string(name));
  if (value && value->empty()) return std::nullopt;
  return value;
}

}  // namespace ek

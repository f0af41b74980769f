#include "signing/chain.hpp"

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "signing/credentials_error.hpp"

namespace ek {
namespace {

Error nothing_found(const CredentialChain& chain, const Environment& environment) {
  std::vector<std::string> looked_at;
  for (const CredentialSource& source : chain.sources) {
    std::vector<std::string> variables;
    for (const std::string_view name : source.variables) {
      const auto value = environment.variable(std::string(name));
      const std::string_view state = !value ? "unset" : value->empty() ? "empty" : "set";
      variables.push_back(fmt::format("{} is {}", name, state));
    }
    looked_at.push_back(fmt::format("{} ({})", source.name, fmt::join(variables, ", ")));
  }
  return credentials_error(fmt::format("found no {}; looked at: {}. {}", chain.kind,
                                       fmt::join(looked_at, "; "), chain.advice));
}

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
  bool renew(const std::vector<Header>& refused) override {
    const auto signer = found();
    return signer != nullptr && signer->renew(refused);
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
    for (const CredentialSource& source : chain_.sources) {
      std::string why_not;
      auto signer = source.find(scope_, services_, context, why_not);
      if (!signer) return std::move(signer).error();
      if (*signer == nullptr) continue;
      const std::lock_guard lock(mutex_);
      if (found_ == nullptr) found_ = *signer;
      return found_;
    }
    return nothing_found(chain_, *services_.environment);
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

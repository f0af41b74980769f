#include "signing/azure/selection.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "signing/chain.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

constexpr std::string_view selector = "AZURE_TOKEN_CREDENTIALS";
constexpr std::array<std::string_view, 6> names = {
    "EnvironmentCredential", "WorkloadIdentityCredential",  "ManagedIdentityCredential",
    "AzureCliCredential",    "AzureDeveloperCliCredential", "AzurePowerShellCredential"};

}  // namespace

Result<ChainPart> part_in_chain(const ChainMember& member, const SigningScope& scope,
                                const Environment& environment, std::string& why_not) {
  if (scope.entra_scope.empty()) {
    why_not = "no Entra scope is known for this endpoint";
    return ChainPart::none;
  }
  const auto value = variable(environment, selector);
  const std::string_view wanted = value ? trim(*value) : std::string_view();
  if (wanted.empty()) return ChainPart::of_chain;
  if (iequals(wanted, member.name)) return ChainPart::only;
  if (iequals(wanted, member.for_developers ? "dev" : "prod")) return ChainPart::of_chain;
  const bool known = iequals(wanted, "dev") || iequals(wanted, "prod") ||
                     std::any_of(names.begin(), names.end(),
                                 [&](std::string_view name) { return iequals(wanted, name); });
  if (!known) {
    return credentials_error(
        "expected AZURE_TOKEN_CREDENTIALS to be prod, dev, EnvironmentCredential, "
        "WorkloadIdentityCredential, ManagedIdentityCredential, AzureCliCredential, "
        "AzurePowerShellCredential or AzureDeveloperCliCredential; it is something else");
  }
  why_not = "AZURE_TOKEN_CREDENTIALS leaves it out";
  return ChainPart::none;
}

}  // namespace ek

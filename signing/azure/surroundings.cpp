#include "signing/azure/surroundings.hpp"

#include <array>
#include <utility>

#include "signing/azure/developer.hpp"
#include "signing/azure/managed_identity.hpp"
#include "signing/azure/selection.hpp"

namespace ek {
namespace {

constexpr std::array<std::string_view, 6> host_variables = {
    "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT",
    "MSI_ENDPOINT",      "IMDS_ENDPOINT",   "AZURE_CLIENT_ID"};
constexpr ChainMember managed_member{.name = "ManagedIdentityCredential"};

using Found = Result<std::shared_ptr<Signer>>;

bool gave_up(const SigningServices& services, const SignContext& context) {
  return context.stop.stop_requested() || services.environment->steady_now() >= context.deadline;
}

// A source that shows only by its token whether it is one.
Found find_by_token(EntraMethod method, const SigningScope& scope, const SigningServices& services,
                    const SignContext& context, std::string& why_not) {
  auto tried = try_entra(method, scope, services, context);
  if (!tried && gave_up(services, context)) return std::move(tried).error();
  if (!tried) {
    why_not = std::move(tried).error().message;
    return std::shared_ptr<Signer>();
  }
  return make_entra_signer(std::move(method), scope, services);
}

Found find_imds(const ManagedHost& host, EntraMethod method, const SigningScope& scope,
                const SigningServices& services, const SignContext& context, std::string& why_not) {
  auto there = imds_is_there(host, services, context, why_not);
  if (!there) return std::move(there).error();
  if (!*there) return std::shared_ptr<Signer>();
  auto tried = try_entra(method, scope, services, context);
  // 400 is its word for a machine that has no identity.
  if (!tried && tried.error().http_status != 400) return std::move(tried).error();
  if (!tried) {
    why_not = std::move(tried).error().message;
    return std::shared_ptr<Signer>();
  }
  return make_entra_signer(std::move(method), scope, services);
}

Found find_managed_identity(const SigningScope& scope, const SigningServices& services,
                            const SignContext& context, std::string& why_not) {
  const Environment& environment = *services.environment;
  auto part = part_in_chain(managed_member, scope, environment, why_not);
  if (!part) return std::move(part).error();
  if (*part == ChainPart::none) return std::shared_ptr<Signer>();
  const ManagedHost host = managed_host(detect_managed_host(environment), environment);
  EntraMethod method = managed_identity_method(
      host, {.client_id = variable(environment, "AZURE_CLIENT_ID").value_or("")});
  if (host.kind == ManagedHostKind::imds && *part == ChainPart::of_chain)
    return find_imds(host, std::move(method), scope, services, context, why_not);
  return make_entra_signer(std::move(method), scope, services);
}

Found find_program(AzureProgram program, const ChainMember& member, const SigningScope& scope,
                   const SigningServices& services, const SignContext& context,
                   std::string& why_not) {
  auto part = part_in_chain(member, scope, *services.environment, why_not);
  if (!part) return std::move(part).error();
  if (*part == ChainPart::none) return std::shared_ptr<Signer>();
  EntraMethod method = developer_method(program, {});
  if (*part == ChainPart::only) return make_entra_signer(std::move(method), scope, services);
  return find_by_token(std::move(method), scope, services, context, why_not);
}

Found find_cli(const SigningScope& scope, const SigningServices& services,
               const SignContext& context, std::string& why_not) {
  return find_program(AzureProgram::cli, {"AzureCliCredential", true}, scope, services, context,
                      why_not);
}
Found find_power_shell(const SigningScope& scope, const SigningServices& services,
                       const SignContext& context, std::string& why_not) {
  return find_program(AzureProgram::power_shell, {"AzurePowerShellCredential", true}, scope,
                      services, context, why_not);
}
Found find_developer_cli(const SigningScope& scope, const SigningServices& services,
                         const SignContext& context, std::string& why_not) {
  return find_program(AzureProgram::developer_cli, {"AzureDeveloperCliCredential", true}, scope,
                      services, context, why_not);
}

}  // namespace

CredentialSource azure_managed_identity_source() {
  return {.name = "managed identity", .variables = host_variables, .find = find_managed_identity};
}
CredentialSource azure_cli_source() { return {.name = "Azure CLI", .find = find_cli}; }
CredentialSource azure_power_shell_source() {
  return {.name = "Azure PowerShell", .find = find_power_shell};
}
CredentialSource azure_developer_cli_source() {
  return {.name = "Azure Developer CLI", .find = find_developer_cli};
}

}  // namespace ek

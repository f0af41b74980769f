#include "signing/azure/developer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/base64.hpp"
#include "base/iso_time.hpp"
#include "base/text.hpp"
#include "signing/azure/authority.hpp"
#include "signing/azure/clouds.hpp"
#include "signing/azure/invalid.hpp"
#include "signing/azure/token_reply.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

// az before 2.54 tells the end in the machine's local time, without saying which that is; az itself
// renews what is about to end.
constexpr seconds assumed_lifetime = std::chrono::minutes(5);
constexpr std::int64_t last_second = 253'402'300'799;  // 9999-12-31T23:59:59Z

bool only_has(std::string_view text, std::string_view more) noexcept {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

std::string_view program_of(AzureProgram program) noexcept {
  switch (program) {
    case AzureProgram::cli:
      return "az";
    case AzureProgram::developer_cli:
      return "azd";
    case AzureProgram::power_shell:
      break;
  }
  return "pwsh";
}

std::string_view login_command(AzureProgram program) noexcept {
  switch (program) {
    case AzureProgram::cli:
      return "az login";
    case AzureProgram::developer_cli:
      return "azd auth login";
    case AzureProgram::power_shell:
      break;
  }
  return "Connect-AzAccount";
}

std::vector<std::string> cli_command(const AzureLogin& login, const EntraAsk& ask) {
  std::vector<std::string> command = {"az",
                                      "account",
                                      "get-access-token",
                                      "--output",
                                      "json",
                                      "--resource",
                                      std::string(resource_of(ask.scope))};
  if (!login.tenant_id.empty()) command.insert(command.end(), {"--tenant", login.tenant_id});
  if (!login.subscription.empty())
    command.insert(command.end(), {"--subscription", login.subscription});
  return command;
}

std::vector<std::string> developer_cli_command(const AzureLogin& login, const EntraAsk& ask) {
  std::vector<std::string> command = {"azd",  "auth",        "token",   "--output",
                                      "json", "--no-prompt", "--scope", ask.scope};
  if (!login.tenant_id.empty()) command.insert(command.end(), {"--tenant-id", login.tenant_id});
  if (!ask.claims.empty()) command.insert(command.end(), {"--claims", base64_encode(ask.claims)});
  return command;
}

// Get-AzAccessToken gives text, or since version 5 of its module a SecureString; -AsSecureString
// keeps the versions between from warning.
std::vector<std::string> power_shell_command(const AzureLogin& login, const EntraAsk& ask) {
  const std::string tenant =
      login.tenant_id.empty() ? "" : fmt::format("; $p.TenantId='{}'", login.tenant_id);
  return {
      "pwsh", "-NoProfile", "-NonInteractive", "-Command",
      fmt::format(
          "$ErrorActionPreference='Stop'; $WarningPreference='SilentlyContinue'; "
          "Import-Module Az.Accounts -MinimumVersion 2.2.0; $p=@{{ResourceUrl='{}'}}{}; "
          "if ((Get-Command Get-AzAccessToken).Parameters.ContainsKey('AsSecureString')) "
          "{{ $p.AsSecureString=$true }}; $t=Get-AzAccessToken @p; $v=$t.Token; "
          "if ($v -is [securestring]) "
          "{{ $v=[System.Net.NetworkCredential]::new('',$v).Password }}; "
          "@{{token=$v;expires_on=$t.ExpiresOn.ToUnixTimeSeconds()}} | ConvertTo-Json -Compress",
          resource_of(ask.scope), tenant)};
}

Error no_token(AzureProgram program, std::string_view why) {
  return {.code = ErrorCode::server_error,
          .phase = Phase::credentials,
          .message = fmt::format("expected a token from {}, but {}", to_string(program), why)};
}

// The first line that says something; programs put warnings and stacks around it.
std::string first_line(std::string_view text) {
  text = trim(text);
  return clip(printable(text.substr(0, text.find('\n'))), 300);
}

Result<Token> run(AzureProgram program, const AzureLogin& login, const EntraAsk& ask,
                  const SigningServices& services, const SignContext& context) {
  AzureLogin who = login;
  if (!login.tenant_id.empty())
    who.tenant_id = tenant_for(login.tenant_id, ask.tenant, *services.environment);
  auto command = token_command(program, who, ask);
  if (!command) return std::move(command).error();
  const auto left = std::chrono::duration_cast<milliseconds>(context.deadline -
                                                             services.environment->steady_now());
  auto output =
      services.environment->run_command(*command, std::min(login.timeout, left), context.stop);
  if (!output) return std::move(output).error();
  if (output->exit_code != 0) {
    return credentials_error(
        fmt::format("{} gave no token (exit code {}): {}. Sign in with `{}`", to_string(program),
                    output->exit_code, first_line(output->standard_error), login_command(program)));
  }
  const Secret text(std::move(output->standard_output));
  return parse_program_token(program, text.reveal(),
                             std::chrono::floor<seconds>(services.environment->now()));
}

}  // namespace

std::string_view to_string(AzureProgram program) noexcept {
  switch (program) {
    case AzureProgram::cli:
      return "Azure CLI";
    case AzureProgram::developer_cli:
      return "Azure Developer CLI";
    case AzureProgram::power_shell:
      break;
  }
  return "Azure PowerShell";
}

Result<AzureLogin> check_login(AzureLogin login) {
  if (!only_has(login.tenant_id, ".-"))
    return invalid_identity("expected a tenant id (letters, digits, '.' and '-')");
  const bool option = login.subscription.starts_with('-') || login.tenant_id.starts_with('-');
  if (!only_has(login.subscription, " _.-") || option)
    return invalid_identity("expected a subscription's id or name (letters, digits, ' ', _ . -)");
  return login;
}

Result<std::vector<std::string>> token_command(AzureProgram program, const AzureLogin& login,
                                               const EntraAsk& ask) {
  if (ask.scope.empty() || ask.scope.front() == '-' || !only_has(ask.scope, ".-:/_"))
    return credentials_error("expected a scope of letters, digits and . - : / _");
  if (!ask.claims.empty() && program != AzureProgram::developer_cli) {
    return credentials_error(
        fmt::format("the service wants a token with more claims; sign in for them with `{}{} {}`",
                    login_command(program),
                    program == AzureProgram::cli ? " --claims-challenge" : " -ClaimsChallenge",
                    base64_encode(ask.claims)));
  }
  switch (program) {
    case AzureProgram::cli:
      return cli_command(login, ask);
    case AzureProgram::developer_cli:
      return developer_cli_command(login, ask);
    case AzureProgram::power_shell:
      break;
  }
  return power_shell_command(login, ask);
}

Result<Token> parse_program_token(AzureProgram program, std::string_view output,
                                  std::chrono::sys_seconds now) {
  const json reply = json::parse(output, nullptr, false);
  if (!reply.is_object()) return no_token(program, "it did not write a JSON object");
  const auto token = reply.find(program == AzureProgram::cli ? "accessToken" : "token");
  if (token == reply.end() || !token->is_string() || token->get_ref<const std::string&>().empty())
    return no_token(program, "its JSON holds none");
  EntraReply told{.access_token = Secret(token->get<std::string>()),
                  .expires = now + assumed_lifetime};
  const auto epoch = reply.find("expires_on"), text = reply.find("expiresOn");
  if (epoch != reply.end() && epoch->is_number_integer()) {
    const auto end = epoch->get<std::int64_t>();
    if (end < 0 || end > last_second) return no_token(program, "its \"expires_on\" is no time");
    told.expires = std::chrono::sys_seconds(seconds(end));
  } else if (program == AzureProgram::developer_cli && text != reply.end() && text->is_string()) {
    const auto end = parse_iso_time(text->get_ref<const std::string&>());
    if (!end) return no_token(program, "its \"expiresOn\" is no time");
    told.expires = *end;
  }
  return as_token(std::move(told), now);
}

EntraMethod developer_method(AzureProgram program, AzureLogin login) {
  EntraMethod method{
      .key = fmt::format("{} {} {}", program_of(program), login.tenant_id, login.subscription),
      .description = fmt::format("login of {}", to_string(program))};
  method.fetch = [program, login = std::move(login)](const EntraAsk& ask,
                                                     const SigningServices& services,
                                                     const SignContext& context) {
    return run(program, login, ask, services, context);
  };
  return method;
}

std::shared_ptr<const Identity> make_developer_identity(AzureProgram program, AzureLogin login) {
  return make_entra_identity(fmt::format("a login of {}", to_string(program)),
                             developer_method(program, std::move(login)));
}

}  // namespace ek

// Tokens of whoever is signed in with a developer's program: Azure CLI (az), Azure Developer CLI
// (azd), Azure PowerShell.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "endpointkit/azure_credentials.hpp"
#include "endpointkit/error.hpp"
#include "signing/azure/entra_signer.hpp"
#include "signing/signer.hpp"

namespace ek {

enum class AzureProgram { cli, developer_cli, power_shell };
std::string_view to_string(AzureProgram program) noexcept;

/// Errors: invalid_request for members with characters that have no place in them.
Result<AzureLogin> check_login(AzureLogin login);

/// Program and arguments, run without a shell. Errors: authentication/credentials for a scope with
/// characters that have no place in one; for claims that the program cannot ask for, with what to
/// run.
Result<std::vector<std::string>> token_command(AzureProgram program, const AzureLogin& login,
                                               const EntraAsk& ask);

/// What the program wrote. Errors: server_error/credentials, without quoting the text.
Result<Token> parse_program_token(AzureProgram program, std::string_view output,
                                  std::chrono::sys_seconds now);

/// `login` must have passed check_login().
EntraMethod developer_method(AzureProgram program, AzureLogin login);
std::shared_ptr<const Identity> make_developer_identity(AzureProgram program, AzureLogin login);

}  // namespace ek

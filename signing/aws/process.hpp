// Keys that a program prints: the setting credential_process.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
#pragma once

#include <string>

#include "signing/aws/temporary_keys.hpp"

namespace ek {

/// Runs `command` by the shell, since the lines that people write have quotes, pipes and variables;
/// for at most a minute. It prints a JSON object with Version 1. Its standard output is shown
/// nowhere.
/// Errors: authentication/credentials if it cannot be run, fails (with the beginning of its
/// standard error) or takes too long; server_error/credentials for other output.
Result<TemporaryKeys> fetch_process_keys(const std::string& command,
                                         const SigningServices& services,
                                         const SignContext& context);

}  // namespace ek

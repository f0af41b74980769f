// Programs that print the token to exchange. Off unless the user of this machine allows it.
// https://google.aip.dev/auth/4117
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/error.hpp"
#include "signing/google/subject_token.hpp"

namespace ek {

/// Of a source with "executable". It runs only while GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES is
/// "1", without a shell. A token in its output_file that has not expired is taken first.
Result<SubjectSource> read_executable_source(const JsonObject& source,
                                             const SubjectPurpose& purpose);

/// The token in what a program printed. `needs_expiry`: an answer without expiration_time is wrong,
/// because it would be cached for ever.
/// Errors: authentication/credentials, with the program's own code and message if it gave one.
Result<Secret> parse_executable_response(std::string_view output, bool needs_expiry,
                                         std::chrono::sys_seconds now);

/// Words of a command: divided by blanks outside of double quotes, which are taken off.
std::vector<std::string> split_command(std::string_view command);

}  // namespace ek

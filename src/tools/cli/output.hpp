// How the commands end and how they say what went wrong.
#pragma once

#include <iosfwd>

#include "endpointkit/error.hpp"

namespace ek::cli {

/// Exit codes, as --help lists them.
enum ExitCode : int {
  success = 0,
  unwritten = 1,        ///< All went well, but the output could not be written.
  user_error = 2,       ///< Arguments, URI, request or credentials: nothing was sent.
  provider_error = 3,   ///< The provider or the model answered with an error.
  transport_error = 4,  ///< DNS, connection, TLS, a timer of ours, or a stream that was cut.
  interrupted = 130,    ///< Ctrl-C, as shells count it.
};

ExitCode exit_code(const Error& error) noexcept;

/// What a command ends with that wrote to `out` and came to `code`: that, unless it was success and
/// not all of `out` could be written.
int finish(int code, std::ostream& out, std::ostream& err);

/// The error for a human, or as one JSON line if `json`; gives its exit code.
ExitCode report(const Error& error, bool json, std::ostream& err);

}  // namespace ek::cli

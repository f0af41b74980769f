// endpointkit sign: shows each step of a SigV4 signature for a request in a file.
#pragma once

#include <iosfwd>
#include <string>

#include "tools/cli/output.hpp"

namespace ek::cli {

struct SignArguments {
  std::string file{};
  std::string service{};
  std::string region{};
  std::string time{};       ///< "YYYYMMDDTHHMMSSZ", or "" for now.
  int expires_seconds = 0;  ///< Above 0: presign the URL.
  bool explain = false;     ///< Also say where each part comes from.
};

/// Keys come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. The secret key is
/// never shown.
ExitCode sign_command(const SignArguments& arguments, std::istream& in, std::ostream& out,
                      std::ostream& err);

}  // namespace ek::cli

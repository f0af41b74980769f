// endpointkit whoami: who signs the calls to an endpoint, and how that was found.
#pragma once

#include <iosfwd>
#include <string>

#include "endpointkit/endpoint.hpp"
#include "tools/cli/output.hpp"

namespace ek::cli {

struct WhoamiArguments {
  std::string uri{};
  bool ask = false;   ///< Also ask the provider who one is.
  bool json = false;  ///< One JSON object instead of text.
  EndpointOptions options{};
  NetworkOptions network{};
};

/// Prints each place in the order of the search, and the identity. With JSON: {links: [{name,
/// looked_at, outcome, message}], identity, expires, provider_says, error}; members that are not
/// known are null. Gives the exit code that a call without an identity would give; success if one
/// was found.
ExitCode whoami_command(const WhoamiArguments& arguments, std::ostream& out, std::ostream& err);
/// The same for an endpoint that is open.
ExitCode whoami(const Endpoint& endpoint, const WhoamiArguments& arguments, std::ostream& out,
                std::ostream& err);

}  // namespace ek::cli

// Where a command's endpoint is, and how it is reached.
#pragma once

#include <string_view>

#include "endpointkit/endpoint.hpp"

namespace ek::cli {

/// Reads "KEY=VALUE" as a network option. Errors: invalid_request, naming the options that exist.
Result<void> add_network_option(NetworkOptions& options, std::string_view text);

/// The endpoint of a command's arguments, with the identity of the environment.
template <class Arguments>
Result<Endpoint> open_endpoint(const Arguments& arguments) {
  return Client({.network = arguments.network})
      .open(arguments.uri, Credentials::from_environment(), arguments.options);
}

}  // namespace ek::cli

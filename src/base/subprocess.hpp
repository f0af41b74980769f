// Runs a program; the one place that starts processes.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "endpointkit/ext/environment.hpp"

namespace ek {

/// See Environment::run_command.
Result<CommandOutput> run_command(const std::vector<std::string>& arguments,
                                  std::chrono::milliseconds timeout,
                                  const std::stop_token& stop = {});

}  // namespace ek

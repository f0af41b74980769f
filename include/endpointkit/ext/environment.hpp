// The world outside, as arguments: clocks, environment variables, files, randomness. Tests and
// embedders replace a part; everybody else uses system_environment().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "endpointkit/error.hpp"

namespace ek {

/// What a program did.
struct CommandOutput {
  int exit_code = 0;
  std::string standard_output{};
  std::string standard_error{};
};

/// All members are set. They may be called from any thread.
struct Environment {
  /// Wall clock: signing dates and token claims only.
  std::function<std::chrono::system_clock::time_point()> now;
  /// Monotonic clock: every timer.
  std::function<std::chrono::steady_clock::time_point()> steady_now;
  /// Value of an environment variable; none if it is unset. Set to "" counts as unset for readers.
  std::function<std::optional<std::string>(const std::string& name)> variable;
  /// A whole file. Errors: authentication/credentials with the path and the system's reason.
  std::function<Result<std::string>(const std::string& path)> read_file;
  /// Replaces a file whole, readable by its owner only; for token caches that other tools share.
  /// Errors: authentication/credentials with the path and the system's reason.
  std::function<Result<void>(const std::string& path, const std::string& text)> write_file;
  /// Runs a program without a shell, found along PATH, with the caller's environment and no
  /// standard input. Errors: authentication/credentials if it cannot be started or does not end in
  /// time, cancelled/credentials if `stop` is requested; it is killed then. At most 1 MiB of either
  /// output is kept.
  std::function<Result<CommandOutput>(const std::vector<std::string>& arguments,
                                      std::chrono::milliseconds timeout,
                                      const std::stop_token& stop)>
      run_command;
  /// Uniform in [0, 1), for backoff jitter and request ids.
  std::function<double()> random;
};

/// The real ones.
EK_API Environment system_environment();

}  // namespace ek

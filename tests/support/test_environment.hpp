// An Environment out of a manual clock, a map of variables and a map of files: nothing of the
// machine that runs the test shows through.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "endpointkit/ext/environment.hpp"
#include "support/manual_clock.hpp"

namespace ek::test {

struct World {
  std::map<std::string, std::string> variables{};
  std::map<std::string, std::string> files{};
  /// What programs answer, by their arguments.
  std::map<std::vector<std::string>, CommandOutput> commands{};
  std::function<void()> while_one_runs = [] {};  ///< Called while a program runs.
  std::map<std::string, std::string> written{};  ///< What write_file() wrote; read_file() sees it.
  double random = 0.5;                           ///< What random() gives, always.
};

/// The environment of `world` at the time of `clock`, which it keeps alive.
inline std::shared_ptr<const Environment> make_environment(std::shared_ptr<ManualClock> clock,
                                                           World world = {}) {
  const auto shared = std::make_shared<World>(std::move(world));
  return std::make_shared<const Environment>(Environment{
      .now = [clock] { return clock->now(); },
      .steady_now = [clock] { return clock->steady_now(); },
      .variable = [shared](const std::string& name) -> std::optional<std::string> {
        const auto found = shared->variables.find(name);
        if (found == shared->variables.end()) return std::nullopt;
        return found->second;
      },
      .read_file = [shared](const std::string& path) -> Result<std::string> {
        if (const auto now = shared->written.find(path); now != shared->written.end())
          return now->second;
        const auto found = shared->files.find(path);
        if (found != shared->files.end()) return found->second;
        return Error{.code = ErrorCode::authentication,
                     .phase = Phase::credentials,
                     .message = "expected a readable file at \"" + path + "\", but: not found"};
      },
      .write_file = [shared](const std::string& path, const std::string& text) -> Result<void> {
        shared->written[path] = text;
        return {};
      },
      .run_command = [shared](const std::vector<std::string>& arguments, std::chrono::milliseconds,
                              const std::stop_token& stop) -> Result<CommandOutput> {
        shared->while_one_runs();
        if (stop.stop_requested()) return Error{.code = ErrorCode::cancelled};
        const auto found = shared->commands.find(arguments);
        if (found != shared->commands.end()) return found->second;
        return Error{.code = ErrorCode::authentication,
                     .phase = Phase::credentials,
                     .message = "cannot run \"" + arguments.at(0) + "\": not found"};
      },
      .random = [shared] { return shared->random; }});
}

}  // namespace ek::test

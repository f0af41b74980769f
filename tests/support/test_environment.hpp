// An Environment out of a manual clock, a map of variables and a map of files: nothing of the
// machine that runs the test shows through.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "endpointkit/ext/environment.hpp"
#include "support/manual_clock.hpp"

namespace ek::test {

struct World {
  std::map<std::string, std::string> variables{};
  std::map<std::string, std::string> files{};
  double random = 0.5;  ///< What random() gives, always.
};

/// The environment of `world` at the time of `clock`, which it keeps alive.
inline std::shared_ptr<const Environment> make_environment(std::shared_ptr<ManualClock> clock,
                                                           World world = {}) {
  const auto shared = std::make_shared<const World>(std::move(world));
  return std::make_shared<const Environment>(Environment{
      .now = [clock] { return clock->now(); },
      .steady_now = [clock] { return clock->steady_now(); },
      .variable = [shared](const std::string& name) -> std::optional<std::string> {
        const auto found = shared->variables.find(name);
        if (found == shared->variables.end()) return std::nullopt;
        return found->second;
      },
      .read_file = [shared](const std::string& path) -> Result<std::string> {
        const auto found = shared->files.find(path);
        if (found != shared->files.end()) return found->second;
        return Error{.code = ErrorCode::authentication,
                     .phase = Phase::credentials,
                     .message = "expected a readable file at \"" + path + "\", but: not found"};
      },
      .random = [shared] { return shared->random; }});
}

}  // namespace ek::test

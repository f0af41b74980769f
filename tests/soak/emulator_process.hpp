// The emulator in a process of its own, so that its threads and its memory are not counted as ours.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>

#include "soak/shifted_time.hpp"

namespace ek::soak {

class EmulatorProcess {
 public:
  /// Forks: to be called while the process has one thread. The Google key goes into `folder`.
  /// Throws std::runtime_error.
  EmulatorProcess(const ShiftedTime& time, const std::string& folder);
  ~EmulatorProcess();
  EmulatorProcess(const EmulatorProcess&) = delete;
  EmulatorProcess& operator=(const EmulatorProcess&) = delete;

  /// As Emulator::environment().
  [[nodiscard]] const std::map<std::string, std::string>& environment() const noexcept {
    return environment_;
  }

 private:
  pid_t child_ = -1;
  std::map<std::string, std::string> environment_;
};

}  // namespace ek::soak

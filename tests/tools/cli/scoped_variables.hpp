// Environment variables for the length of a test: the commands read the process's own.
#pragma once

#include <cstdlib>
#include <map>
#include <optional>
#include <string>

namespace ek::test {

class ScopedVariables {
 public:
  void set(const std::string& name, const std::string& value) {
    if (!before_.contains(name)) {
      const char* old = std::getenv(name.c_str());
      before_[name] = old != nullptr ? std::optional<std::string>(old) : std::nullopt;
    }
    setenv(name.c_str(), value.c_str(), 1);
  }
  void set(const std::map<std::string, std::string>& variables) {
    for (const auto& [name, value] : variables) set(name, value);
  }
  ~ScopedVariables() {
    for (const auto& [name, value] : before_) {
      if (value) {
        setenv(name.c_str(), value->c_str(), 1);
      } else {
        unsetenv(name.c_str());
      }
    }
  }
  ScopedVariables() = default;
  ScopedVariables(const ScopedVariables&) = delete;
  ScopedVariables& operator=(const ScopedVariables&) = delete;

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

}  // namespace ek::test

// Paths for the files of tests, which run beside each other.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#ifdef _WIN32
#include <process.h>
#else
#include <unistd.h>
#endif

namespace ek::test {

inline int process_id() {
#ifdef _WIN32
  return _getpid();
#else
  return getpid();
#endif
}

/// A folder of this process, gone when it exits.
class ProcessFolder {
 public:
  ProcessFolder() { std::filesystem::create_directories(path_); }
  ~ProcessFolder() {
    std::error_code ignored;
    if (process_id() == owner_) std::filesystem::remove_all(path_, ignored);  // not in a fork
  }
  ProcessFolder(const ProcessFolder&) = delete;
  ProcessFolder& operator=(const ProcessFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  const int owner_ = process_id();
  const std::filesystem::path path_ =
      std::filesystem::path(::testing::TempDir()) / ("ek_" + std::to_string(owner_));
};

/// A path that is this test's alone, also while another build runs the same test.
inline std::string test_path(std::string_view name) {
  static const ProcessFolder folder;
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string own =
      std::string(test->test_suite_name()) + "_" + test->name() + "_" + std::string(name);
  std::replace(own.begin(), own.end(), '/', '_');
  return (folder.path() / own).string();
}

}  // namespace ek::test

// Paths for the files of tests, which run beside each other.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#ifdef _WIN32
#include <process.h>
#else
#include <unistd.h>
#endif

namespace ek::test {

/// A path that is this test's alone, also while another build runs the same test.
inline std::string test_path(std::string_view name) {
#ifdef _WIN32
  const int process = _getpid();
#else
  const int process = getpid();
#endif
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string own = "ek_" + std::to_string(process) + "_" + test->test_suite_name() + "_" +
                    test->name() + "_" + std::string(name);
  std::replace(own.begin(), own.end(), '/', '_');
  return ::testing::TempDir() + own;
}

}  // namespace ek::test

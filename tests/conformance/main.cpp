// endpointkit-conformance [--skips] DIR: runs every suite below DIR. Exit code 1 if a case failed.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <set>
#include <string_view>

#include "conformance/suite.hpp"

namespace {

using ek::conformance::Report;
using ek::conformance::Suite;

std::vector<Suite> all_suites() {
  using namespace ek::conformance;
  std::vector<Suite> all;
  for (const auto& group :
       {aws_endpoint_suites(), aws_retry_suites(), bedrock_auth_suites(), azure_auth_suites(),
        sse_suites(), event_stream_suites(), sigv4_suites(), aws_credential_suites(),
        google_auth_suites(), model_suites()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

bool run(const Suite& suite, const std::filesystem::path& root, bool show_skips) {
  Report report;
  try {
    suite.run(root / suite.folder, report);
  } catch (const std::exception& error) {
    report.fail(suite.folder, error.what());
  }
  for (const auto& [name, why] : report.failures()) fmt::print("  FAIL {}: {}\n", name, why);
  if (show_skips) {
    for (const auto& [name, why] : report.skips()) fmt::print("  skip {}: {}\n", name, why);
  }
  fmt::print("suite {}: {} passed, {} failed, {} skipped\n", suite.folder, report.passed(),
             report.failures().size(), report.skips().size());
  return report.failures().empty();
}

// A folder that no suite reads is named too: nothing passes by silence.
void name_unread(const std::filesystem::path& root, const std::set<std::string>& read) {
  std::set<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (entry.is_directory() && entry.path().filename() != "licences") {
      folders.insert(entry.path().filename().string());
    }
  }
  for (const auto& folder : folders) {
    if (!read.contains(folder)) {
      fmt::print(
          "suite {}: 0 passed, 0 failed, 1 skipped\n  skip {}: nothing here implements it yet\n",
          folder, folder);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool show_skips = argc > 2 && std::string_view(argv[1]) == "--skips";
  const std::filesystem::path root = argc > 1 ? argv[argc - 1] : "";
  if (root.empty() || !std::filesystem::is_directory(root)) {
    fmt::print(stderr, "usage: endpointkit-conformance [--skips] DIR (a folder of suites)\n");
    return 2;
  }
  bool good = true;
  std::set<std::string> read;
  for (const Suite& suite : all_suites()) {
    read.insert(suite.folder.substr(0, suite.folder.find('/')));
    if (!std::filesystem::is_directory(root / suite.folder)) {
      fmt::print("suite {}: 0 passed, 0 failed, 0 skipped (no such folder)\n", suite.folder);
      continue;
    }
    good &= run(suite, root, show_skips);
  }
  name_unread(root, read);
  return good ? 0 : 1;
}

// endpointkit-bench-start BASE_URL: what a whole process costs that sends one request, ours against
// libcurl used at its most direct; both are this program, started again.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bench/bench.hpp"
#include "endpointkit/endpointkit.hpp"

extern char** environ;

namespace ek::bench {
namespace {

constexpr int rounds = 25;
constexpr std::string_view path = "/n1/v1/chat/completions";

int ask_ours(const std::string& base_url) {
  const auto endpoint = open(fmt::format("azureml://bench.test{}", path),
                             Credentials::bearer(Secret("key")), {{"base_url", base_url}})
                            .value();
  auto stream = endpoint.chat_stream({.messages = {user("Hello")}}).value();
  const auto first = stream.next();
  return first && *first ? 0 : 1;
}

int ask_raw(const std::string& base_url) {
  RawCurl curl(base_url + std::string(path),
               R"({"messages":[{"role":"user","content":"Hello"}],"stream":true})");
  return curl.post(false) > 0 ? 0 : 1;
}

double cpu_ms(const rusage& usage) {
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

// CPU time of one process; below 0 if it failed.
double run_once(const char* self, const char* who, const char* base_url) {
  const char* arguments[] = {self, base_url, who, nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, self, nullptr, nullptr, const_cast<char**>(arguments), environ) != 0)
    return -1;
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  return status == 0 ? cpu_ms(usage) : -1;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

int compare(const char* self, const char* base_url) {
  std::vector<double> ours;
  std::vector<double> raw;
  for (int i = 0; i < rounds; ++i) {
    raw.push_back(run_once(self, "raw", base_url));
    ours.push_back(run_once(self, "ours", base_url));
    if (raw.back() < 0 || ours.back() < 0) {
      fmt::print(stderr, "a process failed\n");
      return 1;
    }
  }
  fmt::print("one process, one request: {:.2f} ms of CPU, raw {:.2f} ms\n", median(ours),
             median(raw));
  fmt::print("ratio process_start {:.2f} target 1.15\n", median(ours) / median(raw));
  return 0;
}

}  // namespace
}  // namespace ek::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: endpointkit-bench-start BASE_URL\n");
    return 2;
  }
  const std::string who = argc > 2 ? argv[2] : "";
  if (who == "ours") return ek::bench::ask_ours(argv[1]);
  if (who == "raw") return ek::bench::ask_raw(argv[1]);
  return ek::bench::compare(argv[0], argv[1]);
}

// endpointkit-bench BASE_URL TLS_URL ROOTS [--benchmark_…]: the last lines are `ratio NAME VALUE
// target T`, of medians.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "bench/bench.hpp"

namespace {

// Shows errors and what Google Benchmark makes of the repetitions, and keeps the CPU time of each.
class Collector : public benchmark::ConsoleReporter {
 public:
  Collector() : ConsoleReporter(OO_None) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    std::vector<Run> shown;
    for (const Run& run : runs) {
      failed_ = failed_ || run.error_occurred;
      if (run.run_type != Run::RT_Iteration || run.error_occurred) {
        shown.push_back(run);
      } else {
        cpu_times_[run.run_name.function_name].push_back(run.GetAdjustedCPUTime());
      }
    }
    ConsoleReporter::ReportRuns(shown);
  }

  [[nodiscard]] bool failed() const { return failed_; }
  // 0 if it did not run.
  [[nodiscard]] double median(std::string_view name) const {
    const auto found = cpu_times_.find(name);
    if (found == cpu_times_.end()) return 0;
    std::vector<double> times = found->second;
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
  }

 private:
  std::map<std::string, std::vector<double>, std::less<>> cpu_times_;
  bool failed_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 4) {
    fmt::print(stderr, "usage: endpointkit-bench BASE_URL TLS_URL ROOTS [--benchmark_...]\n");
    return 2;
  }
  auto ratios = ek::bench::register_benchmarks(argv[1]);
  for (const auto& more : {ek::bench::register_first_event_benchmarks(argv[1], {argv[2], argv[3]}),
                           ek::bench::register_signing_benchmarks()}) {
    ratios.insert(ratios.end(), more.begin(), more.end());
  }
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  for (const auto& ratio : ratios) {
    const double ours = collector.median(ratio.ours);
    const double raw = collector.median(ratio.raw);
    if (ours > 0 && raw > 0)
      fmt::print("ratio {} {:.2f} target {:.2f}\n", ratio.name, ours / raw, ratio.target);
  }
  return collector.failed() ? 1 : 0;
}

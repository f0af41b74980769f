// endpointkit-soak [MINUTES]: so many minutes of traffic (60 unless told), by a clock that skips
// what lies between the calls. Fails if a call does not end as it must, or if the process holds
// more at the end than when it had settled down.
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <filesystem>

#include "http/curl_transport.hpp"
#include "soak/emulator_process.hpp"
#include "soak/traffic.hpp"
#include "soak/usage.hpp"

namespace ek::soak {
namespace {

constexpr std::chrono::seconds between_rounds{3};
constexpr std::chrono::seconds longer_than_lanes_idle{61};
// What an hour may add; the bytes for tables of ours and of libcurl that grow in steps.
constexpr Usage most_growth{.descriptors = 0, .heap_bytes = 64 * 1024, .threads = 0};

Client make_client(const ShiftedTime& time, const std::map<std::string, std::string>& variables) {
  Environment environment = system_environment();
  environment.now = [&time] { return time.now(); };
  environment.steady_now = [&time] { return time.steady_now(); };
  environment.random = [] { return 0.0; };  // no backoff
  environment.variable = [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  auto shared = std::make_shared<const Environment>(std::move(environment));
  auto transport = make_shifted_transport(make_curl_transport({.environment = shared}), time);
  return Client({.transport = std::move(transport), .environment = std::move(shared)});
}

bool compare(const char* what, std::int64_t before, std::int64_t after, std::int64_t most) {
  fmt::print("{} {} → {}\n", what, before, after);
  if (after - before <= most) return true;
  fmt::print("FAILED: {} grew by {}, and {} are allowed\n", what, after - before, most);
  return false;
}

// With what lies idle closed: how many lanes do is a matter of chance, where threads took part.
Usage at_rest(Traffic& traffic, ShiftedTime& time) {
  traffic.touch();
  time.skip(longer_than_lanes_idle);
  traffic.touch();
  return current_usage();
}

bool soak(int minutes, const std::string& folder) {
  ShiftedTime time;
  const EmulatorProcess emulator(time, folder);
  const Client client = make_client(time, emulator.environment());
  Traffic traffic(client, emulator.environment());
  const int rounds = static_cast<int>(std::chrono::minutes(minutes) / between_rounds);
  Usage settled;
  for (int i = 0; i <= rounds; ++i) {
    if (i == rounds / 2) settled = at_rest(traffic, time);
    if (!traffic.round(i)) {
      fmt::print("FAILED in round {}: {}", i, traffic.complaint());
      return false;
    }
    time.skip(between_rounds);
  }
  const Usage end = at_rest(traffic, time);
  fmt::print("{} calls in {} minutes of the clients' time\n", traffic.calls(), minutes);
  const bool descriptors =
      compare("descriptors", settled.descriptors, end.descriptors, most_growth.descriptors);
  const bool bytes =
      compare("bytes in use", settled.heap_bytes, end.heap_bytes, most_growth.heap_bytes);
  const bool threads = compare("threads", settled.threads, end.threads, most_growth.threads);
  return descriptors && bytes && threads;
}

}  // namespace
}  // namespace ek::soak

int main(int argc, char** argv) try {
  const int minutes = argc > 1 ? std::atoi(argv[1]) : 60;
  if (minutes < 5) {
    fmt::print(stderr, "usage: endpointkit-soak [MINUTES], at least 5\n");
    return 2;
  }
  std::string folder = std::filesystem::temp_directory_path() / "endpointkit-soak-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  const bool good = ek::soak::soak(minutes, folder);
  std::filesystem::remove_all(folder);
  return good ? 0 : 1;
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}

#include "tools/emulator/service.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "tools/emulator/json_reader.hpp"

namespace ek::emulator {

EndpointCount Stats::at(const std::string& endpoint) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(endpoint);
  return found == counts_.end() ? EndpointCount{} : found->second;
}

std::string Stats::json(const FaultBook& faults) const {
  using nlohmann::ordered_json;
  ordered_json endpoints = ordered_json::object();
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, count] : counts_) {
      endpoints[name] = {{"requests", count.requests},
                         {"refused", count.refused},
                         {"generations", count.generations},
                         {"completed", count.completed},
                         {"abandoned", count.abandoned},
                         {"prompt_tokens", count.prompt_tokens},
                         {"completion_tokens", count.completion_tokens}};
    }
  }
  const ordered_json json = {
      {"endpoints", endpoints},
      {"tokens_issued", {{"google", google_tokens.load()}, {"entra", entra_tokens.load()}}},
      {"faults", faults.hits()},
      {"silences", faults.silences()},
      {"tls",
       {{"http1", tls.http1.load()},
        {"http2", tls.http2.load()},
        {"resumed", tls.resumed.load()},
        {"streams_reset", tls.streams_reset.load()}}}};
  return to_text(json, 2) + "\n";
}

void StopFlag::set() {
  {
    const std::lock_guard lock(mutex_);
    set_ = true;
  }
  changed_.notify_all();
}

bool StopFlag::is_set() const {
  const std::lock_guard lock(mutex_);
  return set_;
}

bool StopFlag::wait_for(std::chrono::nanoseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [&] { return set_; });
}

Mishap mishap_of(Service& service, const std::string& endpoint, std::string_view name) {
  constexpr auto names =
      std::to_array<std::pair<std::string_view, Mishap>>({{"missing", Mishap::missing},
                                                          {"busy", Mishap::busy},
                                                          {"failing", Mishap::failing},
                                                          {"broken", Mishap::broken},
                                                          {"cut", Mishap::cut}});
  for (const auto& [known, mishap] : names) {
    if (name == known) return mishap;
  }
  const bool odd = service.stats.at(endpoint).requests % 2 == 1;
  return name == "flaky" && odd ? Mishap::busy : Mishap::none;
}

Mishap mishap_in(std::string_view prompt, Mishap by_name) {
  if (by_name != Mishap::none) return by_name;
  if (prompt.find("[failing]") != std::string_view::npos) return Mishap::failing;
  if (prompt.find("[broken]") != std::string_view::npos) return Mishap::broken;
  if (prompt.find("[cut]") != std::string_view::npos) return Mishap::cut;
  return Mishap::none;
}

}  // namespace ek::emulator

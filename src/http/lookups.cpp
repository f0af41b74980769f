#include "http/lookups.hpp"

#include <algorithm>
#include <utility>

namespace ek {

Lookups::Turn Lookups::ask(std::string_view place, Lane& lane,
                           std::optional<SteadyTime> waits_since, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  auto found = places_.find(place);
  if (found == places_.end()) found = places_.try_emplace(std::string(place)).first;
  State& state = found->second;
  if (now < state.known_until) return Turn::begin;
  if (waits_since && *waits_since <= state.failed_at) return Turn::fail;
  if (!state.led_since || now - *state.led_since >= longest_wait) {
    state.led_since = now;
    return Turn::lead;
  }
  if (std::find(state.waiting.begin(), state.waiting.end(), &lane) == state.waiting.end())
    state.waiting.push_back(&lane);
  return Turn::wait;
}

void Lookups::done(std::string_view place, Outcome outcome, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  State& state = places_.find(place)->second;
  state.led_since.reset();
  if (outcome == Outcome::found) state.known_until = now + kept;
  if (outcome == Outcome::not_needed) state.known_until = now + unneeded;
  if (outcome == Outcome::failed) state.failed_at = now;
  for (Lane* lane : std::exchange(state.waiting, {})) lane->wake();
}

void Lookups::forget(const Lane& lane) noexcept {
  const std::lock_guard lock(mutex_);
  for (auto& [place, state] : places_) std::erase(state.waiting, &lane);
}

}  // namespace ek

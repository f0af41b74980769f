#include "signing/token_cache.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <utility>

namespace ek {

// One fetch, shared by those who wait for it.
struct TokenCache::Flight {
  bool landed = false;
  /// None if only its caller gave up: somebody else has to try.
  std::optional<Result<TokenPtr>> outcome;
  std::condition_variable_any changed;
};

struct TokenCache::Entry {
  TokenPtr token;
  SteadyTime steady_stale{}, steady_dead{};
  std::chrono::system_clock::time_point wall_dead{}, wall_end{};
  SteadyTime no_early_before{};
  std::shared_ptr<Flight> flight;

  [[nodiscard]] bool is_dead(const Environment& environment) const {
    return token == nullptr || environment.steady_now() >= steady_dead ||
           environment.now() >= wall_dead;
  }
  void store(TokenPtr fetched, const RefreshWindows& windows, const Environment& environment) {
    const auto life = std::max(fetched->lifetime, std::chrono::seconds(0));
    const auto dead = life - std::min(windows.dead, life / 10);
    auto stale = life - std::min(windows.stale, life / 2);
    if (fetched->refresh_in) stale = std::min(stale, std::max(*fetched->refresh_in, life / 10));
    const SteadyTime now = environment.steady_now();
    steady_stale = now + stale;
    steady_dead = now + dead;
    wall_dead = environment.now() + dead;
    wall_end = environment.now() + life;
    token = std::move(fetched);
  }
};

namespace {

bool gave_up(const Environment& environment, const SignContext& context) {
  return context.stop.stop_requested() || environment.steady_now() >= context.deadline;
}

Error own_end(const SignContext& context) {
  if (context.stop.stop_requested()) {
    return {.code = ErrorCode::cancelled,
            .phase = Phase::credentials,
            .message = "cancelled while waiting for a token"};
  }
  return {.code = ErrorCode::timeout,
          .phase = Phase::credentials,
          .message = "the token did not come in time: another call was fetching it"};
}

// A source may use code that throws; those who wait for it must hear of that too.
Result<Token> fetch_guarded(const TokenSource& source, const SignContext& context) {
  try {
    return source.fetch(context);
  } catch (const std::exception& error) {
    return Error{.code = ErrorCode::server_error,
                 .phase = Phase::credentials,
                 .message = fmt::format("fetching a token failed inside: {}", error.what())};
  }
}

}  // namespace

TokenCache::TokenCache() = default;
TokenCache::~TokenCache() = default;

Result<TokenCache::TokenPtr> TokenCache::get(const TokenSource& source,
                                             const Environment& environment,
                                             const SignContext& context) {
  Lock lock(mutex_);
  Entry& entry = entries_[source.key];
  while (entry.is_dead(environment)) {
    if (!context.may_fetch()) return fetch_is_due();
    if (!entry.flight) return fetch(lock, entry, source, environment, context);
    if (auto outcome = await(lock, entry, environment, context)) return *std::move(outcome);
  }
  const SteadyTime now = environment.steady_now();
  if (now < entry.steady_stale || entry.flight || now < entry.no_early_before) return entry.token;
  if (!context.may_fetch()) return fetch_is_due();
  return refresh_early(lock, entry, source, environment, context);
}

Result<TokenCache::TokenPtr> TokenCache::fetch(Lock& lock, Entry& entry, const TokenSource& source,
                                               const Environment& environment,
                                               const SignContext& context) {
  const auto flight = entry.flight = std::make_shared<Flight>();
  if (context.notes != nullptr) context.notes->made = true;
  lock.unlock();
  Result<Token> fetched = fetch_guarded(source, context);
  const bool own_failure = !fetched && gave_up(environment, context);
  lock.lock();
  entry.flight.reset();
  flight->landed = true;
  Result<TokenPtr> outcome = Error{};
  if (fetched) {
    const auto token = std::make_shared<const Token>(*std::move(fetched));
    entry.store(token, source.windows, environment);
    outcome = token;
  } else {
    outcome = std::move(fetched).error();
  }
  if (!own_failure) flight->outcome = outcome;
  flight->changed.notify_all();
  return outcome;
}

Result<TokenCache::TokenPtr> TokenCache::refresh_early(Lock& lock, Entry& entry,
                                                       const TokenSource& source,
                                                       const Environment& environment,
                                                       const SignContext& context) {
  const TokenPtr old = entry.token;
  const SteadyTime now = environment.steady_now();
  const SignContext bounded{
      .deadline = std::min(context.deadline, now + source.windows.early_limit),
      .stop = context.stop,
      .notes = context.notes};
  auto fetched = fetch(lock, entry, source, environment, bounded);
  // Also after success: some services hand out the same token until shortly before its end.
  entry.no_early_before = environment.steady_now() + source.windows.pause;
  return fetched ? std::move(fetched) : Result<TokenPtr>(old);
}

std::optional<Result<TokenCache::TokenPtr>> TokenCache::await(Lock& lock, Entry& entry,
                                                              const Environment& environment,
                                                              const SignContext& context) {
  const auto flight = entry.flight;
  while (!flight->landed) {
    if (gave_up(environment, context)) return own_end(context);
    const auto left = context.deadline - environment.steady_now();
    flight->changed.wait_for(lock, context.stop,
                             std::min<SteadyTime::duration>(left, std::chrono::hours(1)),
                             [&] { return flight->landed; });
  }
  return flight->outcome;
}

void TokenCache::drop(const std::string& key, const Secret& refused) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end() || !found->second.token) return;
  if (found->second.token->value == refused) found->second.token.reset();
}

std::optional<std::chrono::system_clock::time_point> TokenCache::expiry(
    const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end() || !found->second.token) return std::nullopt;
  return found->second.wall_end;
}

void TokenCache::note_absent(const std::string& key, Error why, SteadyTime until) {
  const std::lock_guard lock(mutex_);
  absent_.insert_or_assign(key, Absence{std::move(why), until});
}

std::optional<Error> TokenCache::absent(const std::string& key, SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  const auto found = absent_.find(key);
  if (found == absent_.end() || now >= found->second.until) return std::nullopt;
  return found->second.why;
}

std::shared_ptr<TokenCache> make_token_cache() { return std::make_shared<TokenCache>(); }

}  // namespace ek

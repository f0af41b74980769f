#include "signing/token_cache.hpp"

#include <atomic>
#include <barrier>
#include <future>
#include <stdexcept>
#include <thread>

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Error refused() {
  return {.code = ErrorCode::authentication, .phase = Phase::credentials, .message = "no"};
}

// A source that counts, gives "token-1", "token-2", …, and fails on demand.
struct Counting {
  explicit Counting(std::chrono::seconds lifetime = 3600s) {
    source.key = "who scope";
    source.fetch = [this, lifetime](const SignContext&) -> Result<Token> {
      const int number = ++fetches;
      if (fails) return refused();
      return Token{.value = Secret("token-" + std::to_string(number)), .lifetime = lifetime};
    };
  }
  std::atomic<int> fetches = 0;
  std::atomic<bool> fails = false;
  TokenSource source;
};

struct TokenCacheTest : testing::Test {
  std::string get(const TokenSource& source) {
    const auto token = bench.tokens->get(source, *bench.environment, bench.context());
    return token ? (*token)->value.reveal() : "error: " + token.error().message;
  }
  Bench bench;
};

TEST_F(TokenCacheTest, FetchesOnceAndKeepsKeysApart) {
  Counting one;
  EXPECT_EQ(get(one.source), "token-1");
  EXPECT_EQ(get(one.source), "token-1");
  one.source.key = "who other-scope";
  EXPECT_EQ(get(one.source), "token-2");
}

TEST_F(TokenCacheTest, StillHasAGoodTokenInHourTwo) {
  Counting hourly;
  for (int minute = 0; minute < 130; ++minute) {
    EXPECT_THAT(get(hourly.source), testing::StartsWith("token-"));
    bench.clock->advance(1min);
  }
  EXPECT_EQ(hourly.fetches, 3);  // at 0:00, 0:55 and 1:50
}

TEST_F(TokenCacheTest, RefreshesEarlyAndUsesTheOldTokenIfThatFails) {
  Counting source;
  get(source.source);
  source.fails = true;
  bench.clock->advance(56min);
  EXPECT_EQ(get(source.source), "token-1");
  EXPECT_EQ(source.fetches, 2);
  EXPECT_EQ(get(source.source), "token-1") << "no second try within the pause";
  EXPECT_EQ(source.fetches, 2);
  bench.clock->advance(10s);
  source.fails = false;
  EXPECT_EQ(get(source.source), "token-3");
}

TEST_F(TokenCacheTest, FailsOnceTheTokenIsDead) {
  Counting source;
  get(source.source);
  source.fails = true;
  bench.clock->advance(3571s);
  EXPECT_EQ(get(source.source), "error: no");
}

TEST_F(TokenCacheTest, AsksAnewWhenTheServiceWishes) {
  Counting source;
  source.source.fetch = [&](const SignContext&) -> Result<Token> {
    ++source.fetches;
    return Token{.value = Secret("t"), .lifetime = 24h, .refresh_in = 12h};
  };
  get(source.source);
  bench.clock->advance(12h - 1s);
  get(source.source);
  EXPECT_EQ(source.fetches, 1);
  bench.clock->advance(1s);
  get(source.source);
  EXPECT_EQ(source.fetches, 2);
}

TEST_F(TokenCacheTest, DoesNotAskAtEachCallForATokenThatTheServiceCaches) {
  // Like a metadata server that hands out the same token until shortly before its end.
  Counting source(200s);
  source.source.windows.stale = 240s;
  get(source.source);
  bench.clock->advance(101s);
  source.source.fetch = [&](const SignContext&) -> Result<Token> {
    ++source.fetches;
    return Token{.value = Secret("same"), .lifetime = 1s};
  };
  get(source.source);
  EXPECT_EQ(source.fetches, 2);
}

TEST_F(TokenCacheTest, GivesAShortLivedTokenMostOfItsLife) {
  Counting source(20s);
  get(source.source);
  bench.clock->advance(9s);
  EXPECT_EQ(get(source.source), "token-1");
  bench.clock->advance(10s);
  EXPECT_EQ(get(source.source), "token-2");
}

TEST_F(TokenCacheTest, BelievesWhicheverClockSaysThatATokenIsDead) {
  Counting source;
  get(source.source);
  bench.clock->set_wall(bench.clock->now() + 2h);  // woke up from suspend
  EXPECT_EQ(get(source.source), "token-2");
  bench.clock->set_wall(bench.clock->now() - 48h);
  EXPECT_EQ(get(source.source), "token-2");
  bench.clock->advance(1h);
  EXPECT_EQ(get(source.source), "token-3");
}

TEST_F(TokenCacheTest, DropsOnlyTheTokenThatWasRefused) {
  Counting source;
  get(source.source);
  bench.tokens->drop(source.source.key, Secret("another"));
  EXPECT_EQ(get(source.source), "token-1");
  bench.tokens->drop(source.source.key, Secret("token-1"));
  EXPECT_EQ(get(source.source), "token-2");
  bench.tokens->drop(source.source.key, Secret("token-1"));
  EXPECT_EQ(get(source.source), "token-2");
  bench.tokens->drop("unknown", Secret("token-2"));
}

TEST_F(TokenCacheTest, FetchesOnceForAHundredThreadsAtExpiry) {
  constexpr int count = 100;
  std::barrier start(count);
  std::atomic<int> arrived = 0;
  std::atomic<int> fetches = 0;
  TokenSource source{.key = "k", .fetch = [&](const SignContext&) -> Result<Token> {
                       ++fetches;
                       // Nobody gets a token before all have asked.
                       for (int seen = arrived; seen < count; seen = arrived) arrived.wait(seen);
                       return Token{.value = Secret("t"), .lifetime = 3600s};
                     }};
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        ++arrived;
        arrived.notify_all();
        if (get(source) == "t") ++good;
      });
    }
  }
  EXPECT_EQ(fetches, 1);
  EXPECT_EQ(good, count);
}

// A fetch on another thread that stands still until it is told to go on.
struct Blocked {
  explicit Blocked(TokenCacheTest& test, std::stop_token stop = {})
      : source{.key = "k",
               .fetch =
                   [this](const SignContext& context) {
                     if (++fetches > 1) return Result<Token>(Token{Secret("second"), 3600s});
                     started.set_value();
                     return outcome_of(context);
                   }},
        thread([this, &test, stop] {
          SignContext context = test.bench.context();
          context.stop = stop;
          result.set_value(test.bench.tokens->get(source, *test.bench.environment, context));
        }) {
    started.get_future().wait();
  }
  Result<Token> outcome_of(const SignContext& context) {
    if (!context.stop.stop_possible()) return outcome.get_future().get();
    std::promise<void> stopped;
    const std::stop_callback on_stop(context.stop, [&] { stopped.set_value(); });
    stopped.get_future().wait();
    return Error{.code = ErrorCode::cancelled, .phase = Phase::credentials};
  }
  std::atomic<int> fetches = 0;
  std::promise<void> started;
  std::promise<Result<Token>> outcome;
  std::promise<Result<TokenCache::TokenPtr>> result;
  TokenSource source;
  std::jthread thread;
};

TEST_F(TokenCacheTest, LetsAWaiterGoAtItsOwnDeadlineOrStop) {
  Blocked blocked(*this);
  const SignContext late{.deadline = bench.clock->steady_now()};
  EXPECT_THAT(bench.tokens->get(blocked.source, *bench.environment, late),
              testing::AllOf(HasCode(ErrorCode::timeout), HasPhase(Phase::credentials)));
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  const SignContext stopping{.deadline = SteadyTime::max(), .stop = stop.get_token()};
  EXPECT_THAT(bench.tokens->get(blocked.source, *bench.environment, stopping),
              HasCode(ErrorCode::cancelled));
  blocked.outcome.set_value(Token{Secret("first"), 3600s});
  EXPECT_THAT(blocked.result.get_future().get(), IsOk());
  EXPECT_EQ(get(blocked.source), "first");
}

TEST_F(TokenCacheTest, LetsAnotherCallerFetchIfTheFirstGivesUp) {
  std::stop_source stop;
  Blocked blocked(*this, stop.get_token());
  auto other = std::async(std::launch::async, [&] { return get(blocked.source); });
  stop.request_stop();
  EXPECT_THAT(blocked.result.get_future().get(), HasCode(ErrorCode::cancelled));
  EXPECT_EQ(other.get(), "second");
}

TEST_F(TokenCacheTest, UsesTheOldTokenWhileAnotherCallerRefreshesEarly) {
  Counting first;
  first.source.key = "k";
  get(first.source);
  bench.clock->advance(56min);
  Blocked blocked(*this);
  EXPECT_EQ(get(blocked.source), "token-1");
  blocked.outcome.set_value(Token{Secret("new"), 3600s});
  EXPECT_THAT(blocked.result.get_future().get(), IsOk());
  EXPECT_EQ(get(blocked.source), "new");
}

TEST_F(TokenCacheTest, TurnsAnExceptionOfASourceIntoAnError) {
  const TokenSource source{.key = "k", .fetch = [](const SignContext&) -> Result<Token> {
                             throw std::runtime_error("boom");
                           }};
  EXPECT_THAT(get(source), HasSubstr("boom"));
  EXPECT_THAT(get(source), HasSubstr("boom")) << "and the next caller is not stuck";
}

}  // namespace
}  // namespace ek::test

#include "http/curl_lane.hpp"

#include <gmock/gmock.h>

#include <barrier>
#include <thread>

#include "http/run_exchange.hpp"
#include "support/loopback_server.hpp"

namespace ek {
namespace {

using ek::testing::await_close;
using ek::testing::drive;
using ek::testing::far;
using ek::testing::finish;
using ek::testing::gate;
using ek::testing::LoopbackServer;
using ek::testing::Outcome;
using ek::testing::post;
using ek::testing::reply;
using ek::testing::run;
using ek::testing::send;

std::unique_ptr<Lane> bare_lane() {
  return make_curl_transport(ek::testing::bare_options())->open_lane();
}

TEST(CurlLane, KeepsItsConnectionForTheNextExchange) {
  LoopbackServer server({{reply("ok")}});
  const auto lane = bare_lane();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
  EXPECT_EQ(server.connections(), 1U);
  EXPECT_EQ(server.requests().size(), 20U);
}

TEST(CurlLane, KeepsItsConnectionAfterAnErrorStatus) {
  LoopbackServer server({{reply("no", "429 Slow")}, {reply("", "500 Broken")}, {reply("ok")}});
  const auto lane = bare_lane();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(run(*lane, post(server.url())).error);
  EXPECT_EQ(server.connections(), 1U);
}

TEST(CurlLane, DrivesTwoExchangesAtOnce) {
  LoopbackServer slow({{gate(), reply("slow")}});
  LoopbackServer fast({{reply("fast")}});
  const auto lane = bare_lane();
  const auto first = lane->start(post(slow.url()), {});
  const auto second = lane->start(post(fast.url()), {});
  EXPECT_EQ(finish(*lane, *second).body, "fast");
  EXPECT_FALSE(first->ended());
  slow.open_gate();
  EXPECT_EQ(finish(*lane, *first).body, "slow");
}

TEST(CurlLane, DrivesManyExchangesAtOnce) {
  constexpr int count = 256;
  LoopbackServer server({{gate(), reply("ok")}});
  const auto lane = bare_lane();
  std::vector<std::unique_ptr<Exchange>> exchanges;
  for (int i = 0; i < count; ++i) exchanges.push_back(lane->start(post(server.url()), {}));
  ASSERT_TRUE(drive(*lane, [&] {
    if (server.requests().size() == count) return true;
    lane->wake();  // the server's progress is no news to the lane
    return false;
  }));
  server.open_gate(count + 1);
  for (const auto& exchange : exchanges) {
    const Outcome outcome = finish(*lane, *exchange);
    EXPECT_FALSE(outcome.error);
    EXPECT_EQ(outcome.body, "ok");
  }
  EXPECT_EQ(server.connections(), 256U);
  exchanges.clear();
  EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
  EXPECT_EQ(server.connections(), 256U);
}

TEST(CurlLane, WaitsNoLongerThanItIsTold) {
  const auto lane = bare_lane();
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  lane->wait(until);
  EXPECT_GE(std::chrono::steady_clock::now(), until);
  lane->wait({});  // long ago
}

TEST(CurlLane, WorksOnceEvenIfItIsLate) {
  LoopbackServer server({{reply("ok")}});
  const auto lane = bare_lane();
  const auto exchange = lane->start(post(server.url()), {});
  ASSERT_TRUE([&] {
    const SteadyTime limit = far();
    while (!exchange->ended() && std::chrono::steady_clock::now() < limit) lane->wait({});
    return exchange->ended();
  }());
  EXPECT_EQ(exchange->body(), "ok");
}

TEST(CurlLane, ReturnsAtOnceWhenWokenBefore) {
  const auto lane = bare_lane();
  const SteadyTime limit = far();
  lane->wake();
  lane->wake();
  lane->wait(limit);
  EXPECT_LT(std::chrono::steady_clock::now(), limit);
}

TEST(CurlLane, IsWokenByAnotherThreadEveryTime) {
  constexpr int rounds = 300;
  LoopbackServer server({{send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"), await_close()}});
  const auto lane = bare_lane();
  const auto exchange = lane->start(post(server.url()), {});
  ASSERT_TRUE(drive(*lane, [&] { return exchange->head() != nullptr; }));
  std::barrier round(2);
  std::thread waker([&] {
    for (int i = 0; i < rounds; ++i) {
      round.arrive_and_wait();
      lane->wake();
      round.arrive_and_wait();
    }
  });
  const SteadyTime limit = far();
  for (int i = 0; i < rounds; ++i) {
    round.arrive_and_wait();
    lane->wait(limit);
    round.arrive_and_wait();
  }
  waker.join();
  EXPECT_LT(std::chrono::steady_clock::now(), limit);
  EXPECT_FALSE(exchange->ended());
}

TEST(CurlLane, OutlivesItsTransport) {
  LoopbackServer server({{reply("ok")}});
  auto transport = make_curl_transport(ek::testing::bare_options());
  const auto lane = transport->open_lane();
  transport.reset();
  EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
}

}  // namespace
}  // namespace ek

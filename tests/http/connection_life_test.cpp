// How long connections and names are kept.
#include <gtest/gtest.h>

#include <deque>
#include <thread>

#include "http/lookups.hpp"
#include "http/outside_world.hpp"
#include "http/run_exchange.hpp"
#include "support/loopback_server.hpp"

namespace ek {
namespace {

using namespace std::chrono_literals;
using ek::testing::await_close;
using ek::testing::bare_options;
using ek::testing::counted_host;
using ek::testing::drive;
using ek::testing::far;
using ek::testing::gate;
using ek::testing::hang_up;
using ek::testing::lookups_of_counted_host;
using ek::testing::LoopbackServer;
using ek::testing::NamesFail;
using ek::testing::NamesHang;
using ek::testing::Outcome;
using ek::testing::post;
using ek::testing::reply;
using ek::testing::run;
using ek::testing::Script;
using ek::testing::send;
using ek::testing::skip_time;
using ek::testing::Step;

struct Lanes : public ::testing::TestWithParam<bool> {
  static std::unique_ptr<Lane> open(const HttpOptions& options) {
    const auto transport = make_curl_transport(options);
    return GetParam() ? transport->open_wide_lane() : transport->open_lane();
  }
};

TEST_P(Lanes, UseAConnectionAgainUntilItLayIdleTooLong) {
  LoopbackServer server({{reply("ok")}});
  HttpOptions options = bare_options();
  options.network.max_idle = 5s;
  const auto lane = open(options);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
    skip_time(4s);
  }
  EXPECT_EQ(server.connections(), 1U);
  skip_time(3s);
  EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
  EXPECT_EQ(server.connections(), 2U);
  EXPECT_TRUE(server.await_closed(1)) << "and the old one is closed";
}

TEST_P(Lanes, UseAConnectionAgainUntilItIsTooOld) {
  LoopbackServer server({{reply("ok")}});
  HttpOptions options = bare_options();
  options.network.max_age = 60s;
  const auto lane = open(options);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
    skip_time(10s);
  }
  EXPECT_EQ(server.connections(), 1U);
  skip_time(10s);
  EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
  EXPECT_EQ(server.connections(), 2U);
}

TEST_P(Lanes, UseAConnectionForEverIfItHasNoAgeLimit) {
  LoopbackServer server({{reply("ok")}});
  const auto lane = open(bare_options());
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
    skip_time(50s);
  }
  EXPECT_EQ(server.connections(), 1U);
}

TEST_P(Lanes, SendAgainOnANewConnectionIfTheKeptOneWasStale) {
  LoopbackServer server({{reply("one")}, {hang_up()}, {reply("two")}});
  const auto lane = open(bare_options());
  EXPECT_EQ(run(*lane, post(server.url())).body, "one");
  const Outcome second = run(*lane, post(server.url()));
  EXPECT_FALSE(second.error);
  EXPECT_EQ(second.body, "two");
  EXPECT_EQ(server.connections(), 2U);
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST_P(Lanes, SendNothingAgainOnceThePeerMayHaveBeenAtWork) {
  LoopbackServer server({{reply("one")}, {hang_up()}, {reply("two")}});
  HttpOptions options = bare_options();
  options.resend_window = std::chrono::milliseconds(0);
  const auto lane = open(options);
  EXPECT_EQ(run(*lane, post(server.url())).body, "one");
  const Outcome second = run(*lane, post(server.url()));
  ASSERT_TRUE(second.error);
  EXPECT_EQ(second.error->code, ErrorCode::transport);
  EXPECT_EQ(second.error->phase, Phase::headers);
  EXPECT_FALSE(second.error->retryable);
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_P(Lanes, GiveARequestThatIsFatalToItsServerOneNewConnectionAndNotEachThatWasKept) {
  constexpr std::size_t kept = 4;
  std::vector<Script> scripts(kept, {reply("ok")});
  scripts.push_back({hang_up()});
  LoopbackServer server(scripts);
  const auto lane = open(bare_options());
  std::vector<std::unique_ptr<Exchange>> crowd;
  for (std::size_t i = 0; i < kept; ++i) crowd.push_back(lane->start(post(server.url()), {}));
  for (const auto& one : crowd) drive(*lane, [&] { return one->ended(); });
  ASSERT_EQ(server.connections(), kept);
  const Outcome fatal = run(*lane, post(server.url()));
  ASSERT_TRUE(fatal.error);
  EXPECT_FALSE(fatal.error->retryable) << fatal.error->message;
  EXPECT_EQ(server.requests().size(), kept + 2);
}

// What a stream's server sends of its answer, and, later, the end of it.
const Step answer = send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
const Step end_of_answer = send("0\r\n\r\n");

std::unique_ptr<Exchange> read_answer(Lane& lane, const std::string& url) {
  auto exchange = lane.start(post(url), {});
  drive(lane, [&] { return exchange->body() == "ok" || exchange->ended(); });
  EXPECT_EQ(exchange->error(), nullptr);
  return exchange;
}

TEST_P(Lanes, UseAConnectionAgainWhoseAnswerEndedAfterItsReaderHadLeft) {
  LoopbackServer server({{answer, gate(), end_of_answer}, {reply("ok")}});
  const auto lane = open(bare_options());
  lane->let_end(read_answer(*lane, server.url()));
  server.open_gate();
  lane->wait(far());
  EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
  EXPECT_EQ(server.connections(), 1U);
}

TEST_P(Lanes, CloseAConnectionWhoseAnswerDoesNotEnd) {
  LoopbackServer server({{answer, await_close()}, {reply("ok")}});
  const auto lane = open(bare_options());
  lane->let_end(read_answer(*lane, server.url()));
  EXPECT_EQ(run(*lane, post(server.url())).body, "ok") << "others do not wait for it";
  skip_time(2s);
  lane->wait(std::chrono::steady_clock::now());
  EXPECT_TRUE(server.await_closed(1));
}

TEST_P(Lanes, ComeBackInTimeToCloseIt) {
  LoopbackServer server({{answer, await_close()}});
  const auto lane = open(bare_options());
  lane->let_end(read_answer(*lane, server.url()));
  skip_time(2s);
  lane->wait(far());
  EXPECT_TRUE(server.await_closed(1));
}

TEST_P(Lanes, CloseThoseConnectionsWhenTheyAreDestroyed) {
  LoopbackServer server({{answer, await_close()}});
  auto lane = open(bare_options());
  lane->let_end(read_answer(*lane, server.url()));
  lane.reset();
  EXPECT_TRUE(server.await_closed(1));
}

TEST_P(Lanes, KeepTheConnectionsOfManyHosts) {
  std::deque<LoopbackServer> servers;
  for (int i = 0; i < 8; ++i) servers.emplace_back(std::vector<Script>{{reply("ok")}});
  const auto lane = open(bare_options());
  for (int round = 0; round < 3; ++round) {
    for (const LoopbackServer& server : servers)
      EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
  }
  for (const LoopbackServer& server : servers) EXPECT_EQ(server.connections(), 1U);
}

std::string url_by_name(const LoopbackServer& server) {
  return "http://" + std::string(counted_host) + ":" + std::to_string(server.port()) + "/";
}

TEST_P(Lanes, LookAHostUpOnceForAllThatBeginAtOnce) {
  LoopbackServer server({{reply("ok")}});
  const auto lane = open(bare_options());
  const int before = lookups_of_counted_host();
  std::vector<std::unique_ptr<Exchange>> exchanges;
  for (int i = 0; i < 256; ++i) exchanges.push_back(lane->start(post(url_by_name(server)), {}));
  for (const auto& exchange : exchanges) {
    EXPECT_TRUE(drive(*lane, [&] { return exchange->ended(); }));
    EXPECT_EQ(exchange->body(), "ok");
  }
  EXPECT_EQ(lookups_of_counted_host() - before, 1);
}

TEST_P(Lanes, LookAHostUpAgainWhenTheOneThatDidHasGivenUp) {
  LoopbackServer server({{reply("ok")}});
  const auto lane = open(bare_options());
  auto first = lane->start(post(url_by_name(server)), {});
  const auto second = lane->start(post(url_by_name(server)), {});
  const auto third = lane->start(post(url_by_name(server)), {});
  first.reset();
  EXPECT_TRUE(drive(*lane, [&] { return second->ended() && third->ended(); }));
  EXPECT_EQ(second->body(), "ok");
  EXPECT_EQ(third->body(), "ok");
}

TEST_P(Lanes, ForgetExchangesThatWereGivenUpBeforeTheyBegan) {
  LoopbackServer server({{reply("ok")}});
  const auto lane = open(bare_options());
  const auto first = lane->start(post(url_by_name(server)), {});
  lane->start(post(url_by_name(server)), {}).reset();
  const auto left = lane->start(post(url_by_name(server)), {});
  EXPECT_TRUE(drive(*lane, [&] { return first->ended() && left->ended(); }));
  EXPECT_EQ(left->body(), "ok");
}

TEST_P(Lanes, FailAllThatWaitedForANameWithoutAddresses) {
  LoopbackServer server({{reply("ok")}});
  const auto lane = open(bare_options());
  std::vector<std::unique_ptr<Exchange>> exchanges;
  const int before = lookups_of_counted_host();
  {
    const NamesFail fail;
    for (int i = 0; i < 32; ++i) exchanges.push_back(lane->start(post(url_by_name(server)), {}));
    for (const auto& exchange : exchanges) {
      EXPECT_TRUE(drive(*lane, [&] { return exchange->ended(); }));
      ASSERT_NE(exchange->error(), nullptr);
      EXPECT_EQ(exchange->error()->phase, Phase::dns);
      EXPECT_TRUE(exchange->error()->retryable);
    }
  }
  EXPECT_EQ(lookups_of_counted_host() - before, 1);
  EXPECT_EQ(run(*lane, post(url_by_name(server))).body, "ok") << "the next one asks again";
}

// The resolver has a thread of its own.
void wait_for_lookup(Lane& lane, int before) {
  while (lookups_of_counted_host() == before) lane.wait(std::chrono::steady_clock::now());
}

TEST_P(Lanes, CountTheWaitForALookupAsConnecting) {
  LoopbackServer server({{reply("ok")}});
  const auto lane = open(bare_options());
  const NamesHang hang;
  const int before = lookups_of_counted_host();
  const auto first = lane->start(post(url_by_name(server)), {.connect_timeout = 1h});
  const auto second = lane->start(post(url_by_name(server)), {.connect_timeout = 1s});
  wait_for_lookup(*lane, before);
  EXPECT_FALSE(second->ended());
  skip_time(1s);
  EXPECT_TRUE(drive(*lane, [&] { return second->ended(); }));
  EXPECT_EQ(second->error()->code, ErrorCode::timeout);
  EXPECT_EQ(second->error()->phase, Phase::connect);
  EXPECT_FALSE(first->ended());
  EXPECT_EQ(lookups_of_counted_host() - before, 1);
}

TEST_P(Lanes, ConnectWithoutALimitIfItIsZero) {
  LoopbackServer server({{reply("ok")}});
  const auto lane = open(bare_options());
  std::unique_ptr<Exchange> exchange;
  {
    const NamesHang hang;
    const int before = lookups_of_counted_host();
    exchange = lane->start(post(url_by_name(server)), {.connect_timeout = 0ms});
    wait_for_lookup(*lane, before);
    skip_time(1h);
    lane->wait(std::chrono::steady_clock::now());
    EXPECT_FALSE(exchange->ended());
  }
  EXPECT_TRUE(drive(*lane, [&] { return exchange->ended(); }));
  EXPECT_EQ(exchange->body(), "ok");
}

TEST_P(Lanes, KeepTheConnectionsOfManyExchangesAtOnce) {
  constexpr int in_flight = 100;
  LoopbackServer server({{reply("ok")}});
  const auto lane = open(bare_options());
  std::deque<std::unique_ptr<Exchange>> exchanges;
  for (int i = 0; i < 10 * in_flight; ++i) {
    exchanges.push_back(lane->start(post(server.url()), {}));
    if (exchanges.size() < in_flight) continue;
    EXPECT_TRUE(drive(*lane, [&] { return exchanges.front()->ended(); }));
    exchanges.pop_front();
  }
  EXPECT_LE(server.connections(), in_flight);
}

TEST_P(Lanes, AreDestroyedWhileALookupHangs) {
  LoopbackServer server({{reply("ok")}});
  const NamesHang hang;
  const int before = lookups_of_counted_host();
  auto lane = open(bare_options());
  const auto given_up = lane->start(post(url_by_name(server)), {});
  lane->start(post(url_by_name(server)), {}).reset();
  wait_for_lookup(*lane, before);
  lane.reset();
  EXPECT_TRUE(given_up->ended());
}

INSTANTIATE_TEST_SUITE_P(Connections, Lanes, ::testing::Bool(), [](const auto& instance) {
  return std::string(instance.param ? "wide" : "narrow");
});

TEST(Names, AreResolvedOnceForAllLanesAndAnewAfterAMinute) {
  LoopbackServer server({{reply("ok")}});
  const std::string url = url_by_name(server);
  const auto transport = make_curl_transport(bare_options());
  const auto ask_on_new_lanes = [&] {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(run(*transport->open_lane(), post(url)).body, "ok");
  };
  const int before = lookups_of_counted_host();
  ask_on_new_lanes();
  EXPECT_EQ(server.connections(), 3U);
  EXPECT_EQ(lookups_of_counted_host() - before, 1);
  skip_time(61s);
  ask_on_new_lanes();
  EXPECT_EQ(lookups_of_counted_host() - before, 2);
}

TEST(Names, AreLookedUpOnceForThreadsThatBeginAtOnce) {
  LoopbackServer server({{reply("ok")}});
  const auto transport = make_curl_transport(bare_options());
  const int before = lookups_of_counted_host();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 64; ++i) {
    threads.emplace_back(
        [&] { EXPECT_EQ(run(*transport->open_lane(), post(url_by_name(server))).body, "ok"); });
  }
  threads.clear();
  EXPECT_EQ(lookups_of_counted_host() - before, 1);
}

TEST(Names, AreLookedUpByOthersWhenNobodyDrivesTheOneThatBegan) {
  LoopbackServer server({{reply("ok")}});
  const auto transport = make_curl_transport(bare_options());
  const auto idle_lane = transport->open_lane();
  const auto idle = idle_lane->start(post(url_by_name(server)), {});
  const auto lane = transport->open_lane();
  const auto exchange = lane->start(post(url_by_name(server)), {});
  lane->wait(std::chrono::steady_clock::now());
  EXPECT_FALSE(exchange->sent());
  skip_time(std::chrono::duration_cast<std::chrono::seconds>(Lookups::longest_wait));
  EXPECT_TRUE(drive(*lane, [&] { return exchange->ended(); }));
  EXPECT_EQ(exchange->body(), "ok");
}

}  // namespace
}  // namespace ek

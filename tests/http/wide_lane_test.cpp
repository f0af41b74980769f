#include "http/wide_lane.hpp"

#include <gmock/gmock.h>
#include <poll.h>

#include <thread>

#include "http/run_exchange.hpp"
#include "support/crowd_server.hpp"
#include "support/loopback_server.hpp"

namespace ek {
namespace {

using ek::testing::allow_descriptors;
using ek::testing::await_close;
using ek::testing::drive;
using ek::testing::far;
using ek::testing::gate;
using ek::testing::LoopbackServer;
using ek::testing::post;
using ek::testing::reply;
using ek::testing::run;

std::unique_ptr<Lane> wide_lane() {
  return make_curl_transport(ek::testing::bare_options())->open_wide_lane();
}

bool is_readable(int descriptor, int timeout_ms) {
  pollfd entry{.fd = descriptor, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, timeout_ms) == 1;
}

TEST(WideLane, KeepsItsConnectionForTheNextExchange) {
  LoopbackServer server({{reply("ok")}});
  const auto lane = wide_lane();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
  EXPECT_EQ(server.connections(), 1U);
}

TEST(WideLane, DrivesManyExchangesAtOnceAndSaysWhichHasNews) {
  constexpr std::size_t count = 256;
  LoopbackServer server({{gate(), reply("ok")}});
  const auto lane = wide_lane();
  std::vector<std::unique_ptr<Exchange>> exchanges(count);
  std::vector<int> news(count);
  for (std::size_t i = 0; i < count; ++i)
    exchanges[i] = lane->start(post(server.url()), {.on_news = [&news, i] { ++news[i]; }});
  server.open_gate(static_cast<int>(count));
  const auto all_ended = [&] {
    return std::all_of(exchanges.begin(), exchanges.end(),
                       [](const auto& exchange) { return exchange->ended(); });
  };
  while (!all_ended()) lane->wait(far());
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(exchanges[i]->body(), "ok");
    EXPECT_GE(news[i], 2) << "the head and the end";
  }
}

TEST(WideLane, ForgetsSocketsThatWereClosedUnderItsNumbers) {
  // Each server closes; the next connection is likely to get the number of the last.
  for (int round = 0; round < 3; ++round) {
    const auto lane = wide_lane();
    for (int i = 0; i < 10; ++i) {
      LoopbackServer server({{reply("ok")}});
      EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
    }
  }
}

TEST(WideLane, HasADescriptorThatBecomesReadableWithNews) {
  LoopbackServer server({{gate(), reply("ok")}});
  const auto lane = wide_lane();
  ASSERT_GE(lane->descriptor(), 0);
  const auto exchange = lane->start(post(server.url()), {});
  server.open_gate();
  while (!exchange->ended()) {
    const auto left = lane->due() - std::chrono::steady_clock::now();
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    const int timeout = static_cast<int>(std::clamp<std::int64_t>(ms, 0, 10'000));
    ASSERT_TRUE(is_readable(lane->descriptor(), timeout) || timeout < 10'000);
    lane->wait(std::chrono::steady_clock::now());
  }
  EXPECT_EQ(exchange->body(), "ok");
}

TEST(WideLane, IsWokenThroughItsDescriptor) {
  const auto lane = wide_lane();
  std::thread other([&] { lane->wake(); });
  EXPECT_TRUE(is_readable(lane->descriptor(), 10'000));
  lane->wait(far());
  EXPECT_FALSE(is_readable(lane->descriptor(), 0));
  other.join();
}

TEST(WideLane, ClosesAnExchangeThatIsGivenUp) {
  LoopbackServer server({{await_close()}, {reply("ok")}});
  const auto lane = wide_lane();
  auto exchange = lane->start(post(server.url()), {});
  while (!exchange->sent())
    lane->wait(std::chrono::steady_clock::now() + std::chrono::milliseconds(1));
  exchange.reset();
  EXPECT_TRUE(server.await_closed(1));
  EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
}

constexpr std::size_t libcurl_piece = 16 * 1024;

TEST(WideLane, LooksAtEveryReadySocketInOneRound) {
  constexpr std::size_t count = 600;
  ASSERT_TRUE(allow_descriptors(2 * count + 512));
  LoopbackServer server({{gate(), reply("ok")}});
  const auto lane = wide_lane();
  std::vector<std::unique_ptr<Exchange>> exchanges(count);
  for (auto& exchange : exchanges) exchange = lane->start(post(server.url()), {});
  const auto asked = [&] { return server.requests().size() == count; };
  while (!asked()) lane->wait(std::chrono::steady_clock::now() + std::chrono::milliseconds(10));
  server.open_gate(static_cast<int>(count));
  const std::size_t answer = reply("ok").bytes.size();
  while (server.sent_bytes() < count * answer) std::this_thread::yield();
  lane->wait(std::chrono::steady_clock::now());
  for (const auto& exchange : exchanges) ASSERT_NE(exchange->head(), nullptr);
}

// Works until the lane has nothing to do, which a lane that spins never has.
bool comes_to_rest(Lane& lane) {
  for (int round = 0; round < 100'000; ++round) {
    const bool due = lane.due() <= std::chrono::steady_clock::now();
    if (!due && !is_readable(lane.descriptor(), 100)) return true;
    lane.wait(std::chrono::steady_clock::now());
  }
  return false;
}

TEST(WideLane, RestsWhileNobodyReadsAndHoldsNoMoreThanItMay) {
  constexpr std::size_t limit = 64 * 1024;
  const std::string large(8'000'000, 'x');
  LoopbackServer server({{reply(large)}}, {.send_buffer_bytes = 65536});
  const auto lane = wide_lane();
  const auto exchange = lane->start(post(server.url()), {.max_buffered_bytes = limit});
  ASSERT_TRUE(drive(*lane, [&] { return exchange->body().size() >= limit; }));
  EXPECT_TRUE(comes_to_rest(*lane));
  EXPECT_LT(exchange->body().size(), limit + libcurl_piece);
  EXPECT_EQ(ek::testing::finish(*lane, *exchange).body, large);
}

TEST(WideLane, DividesWhatAllMayHoldAmongThem) {
  constexpr std::size_t count = 8;
  constexpr std::size_t share = 32 * 1024;
  const std::string large(2'000'000, 'x');
  LoopbackServer server({{reply(large)}}, {.send_buffer_bytes = 65536});
  HttpOptions options = ek::testing::bare_options();
  options.network.max_buffered_bytes = count * share;
  const auto lane = make_curl_transport(options)->open_wide_lane();
  std::vector<std::unique_ptr<Exchange>> exchanges(count);
  for (auto& exchange : exchanges) exchange = lane->start(post(server.url()), {});
  EXPECT_TRUE(comes_to_rest(*lane));
  for (auto& exchange : exchanges) {
    EXPECT_GE(exchange->body().size(), share);
    EXPECT_LT(exchange->body().size(), share + libcurl_piece);
  }
  exchanges.resize(1);
  EXPECT_EQ(ek::testing::finish(*lane, *exchanges[0]).body, large);
}

// More than one multi handle is given.
constexpr std::size_t crowd = 1'200;

std::vector<std::unique_ptr<Exchange>> start_crowd(Lane& lane, const std::string& url) {
  std::vector<std::unique_ptr<Exchange>> exchanges;
  for (std::size_t i = 0; i < crowd; ++i) {
    exchanges.push_back(
        lane.start({.url = url, .body = R"("stream":true events=1 id=)" + std::to_string(i)}, {}));
  }
  return exchanges;
}

TEST(WideLane, DrivesAThousandExchangesAndKeepsAFewOfTheirConnections) {
  ASSERT_TRUE(allow_descriptors(crowd + 512));
  ek::testing::CrowdServer server;
  const auto lane = wide_lane();
  {
    const auto exchanges = start_crowd(*lane, server.url());
    const auto under_way = [](const auto& exchange) { return !exchange->ended(); };
    while (std::any_of(exchanges.begin(), exchanges.end(), under_way)) lane->wait(far());
    for (std::size_t i = 0; i < crowd; ++i) {
      ASSERT_EQ(exchanges[i]->error(), nullptr);
      EXPECT_THAT(std::string(exchanges[i]->body()),
                  ::testing::HasSubstr("\"" + std::to_string(i) + ".0\""));
    }
  }
  const auto accepted = server.counts().accepted;
  EXPECT_GT(accepted, crowd / 2);
  EXPECT_EQ(run(*lane, post(server.url())).head->status, 200);
  EXPECT_EQ(server.counts().accepted, accepted) << "a kept one was used";
  EXPECT_TRUE(server.await_open(512));
}

TEST(WideLane, EndsExchangesThatOutliveIt) {
  ASSERT_TRUE(allow_descriptors(crowd + 512));
  ek::testing::CrowdServer server;
  auto lane = wide_lane();
  const auto exchanges = start_crowd(*lane, server.url());
  lane.reset();
  for (const auto& exchange : exchanges) {
    EXPECT_TRUE(exchange->ended());
    EXPECT_NE(exchange->error(), nullptr);
  }
  EXPECT_TRUE(server.await_open(0));
}

}  // namespace
}  // namespace ek

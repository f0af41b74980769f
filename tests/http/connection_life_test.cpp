// How long connections and names are kept.
#include <gtest/gtest.h>

#include "http/outside_world.hpp"
#include "http/run_exchange.hpp"
#include "support/loopback_server.hpp"

namespace ek {
namespace {

using namespace std::chrono_literals;
using ek::testing::bare_options;
using ek::testing::counted_host;
using ek::testing::lookups_of_counted_host;
using ek::testing::LoopbackServer;
using ek::testing::post;
using ek::testing::reply;
using ek::testing::run;
using ek::testing::skip_time;

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

INSTANTIATE_TEST_SUITE_P(Connections, Lanes, ::testing::Bool(), [](const auto& instance) {
  return std::string(instance.param ? "wide" : "narrow");
});

TEST(Names, AreResolvedOnceForAllLanesAndAnewAfterAMinute) {
  LoopbackServer server({{reply("ok")}});
  const std::string url =
      "http://" + std::string(counted_host) + ":" + std::to_string(server.port()) + "/";
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

}  // namespace
}  // namespace ek

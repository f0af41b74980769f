#include "http/curl_share.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "http/run_exchange.hpp"
#include "support/loopback_server.hpp"

namespace ek {
namespace {

using ek::testing::LoopbackServer;
using ek::testing::post;
using ek::testing::reply;
using ek::testing::run;
using ek::testing::TestCertificate;

TEST(CurlShare, LetsANewLaneResumeTheTlsSessionOfAnother) {
  const TestCertificate certificate("IP:127.0.0.1");
  LoopbackServer server({{reply("ok")}}, {.certificate = &certificate});
  const auto transport = make_curl_transport(ek::testing::trusting(certificate.pem()));
  std::vector<std::unique_ptr<Lane>> lanes;
  lanes.push_back(transport->open_lane());
  lanes.push_back(transport->open_wide_lane());
  lanes.push_back(transport->open_lane());
  lanes.push_back(transport->open_wide_lane());
  for (const auto& lane : lanes) EXPECT_EQ(run(*lane, post(server.url())).body, "ok");
  EXPECT_EQ(server.connections(), 4U);
  EXPECT_EQ(server.resumed_sessions(), 3U);
}

TEST(CurlShare, StandsManyThreadsThatConnect) {
  const TestCertificate certificate("DNS:localhost");
  LoopbackServer server({{reply("ok")}}, {.certificate = &certificate});
  const auto transport = make_curl_transport(ek::testing::trusting(certificate.pem()));
  const std::string url = "https://localhost:" + std::to_string(server.port());
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10; ++n) {
        const auto lane = transport->open_lane();
        for (int k = 0; k < 2; ++k) good += run(*lane, post(url)).body == "ok";
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 80);
  EXPECT_EQ(server.connections(), 40U);
}

}  // namespace
}  // namespace ek

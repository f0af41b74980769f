#include "http/signal_guard.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "http/run_exchange.hpp"
#include "support/loopback_server.hpp"

namespace ek {
namespace {

using ek::testing::LoopbackServer;

std::atomic<int> delivered = 0;

class SigpipeTest : public ::testing::Test {
 protected:
  SigpipeTest() {
    delivered = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { ++delivered; };
    sigaction(SIGPIPE, &action, &previous_);
  }
  ~SigpipeTest() override { sigaction(SIGPIPE, &previous_, nullptr); }

  static void write_to_nobody() {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    close(ends[0]);
    EXPECT_EQ(write(ends[1], "x", 1), -1);
    close(ends[1]);
  }

  struct sigaction previous_ {};
};

using SignalGuardTest = SigpipeTest;

TEST_F(SignalGuardTest, SwallowsWhatWasRaisedInside) {
  {
    const SignalGuard guard(true);
    write_to_nobody();
  }
  EXPECT_EQ(delivered, 0);
}

TEST_F(SignalGuardTest, RestoresTheMask) {
  { const SignalGuard guard(true); }
  write_to_nobody();
  EXPECT_EQ(delivered, 1);
}

TEST_F(SignalGuardTest, DoesNothingWhereItIsNotNeeded) {
  const SignalGuard guard(false);
  write_to_nobody();
  EXPECT_EQ(delivered, 1);
}

TEST_F(SignalGuardTest, LeavesASignalThatWasPendingBefore) {
  sigset_t pipe_only;
  sigset_t before;
  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
  write_to_nobody();
  {
    const SignalGuard guard(true);
    write_to_nobody();
  }
  EXPECT_EQ(delivered, 0);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(delivered, 1);
}

TEST_F(SignalGuardTest, KeepsTheSignalFromTheApplicationWhenAPeerHangsUp) {
  const ek::testing::TestCertificate certificate("IP:127.0.0.1");
  LoopbackServer server({{ek::testing::reply("ok"), ek::testing::gate(), ek::testing::reset()}},
                        {.certificate = &certificate});
  const auto transport = make_curl_transport(ek::testing::trusting(certificate.pem()));
  auto lane = transport->open_lane();
  EXPECT_FALSE(ek::testing::run(*lane, ek::testing::post(server.url())).error);
  server.open_gate();
  ASSERT_TRUE(server.await_closed(1));
  lane.reset();  // libcurl says goodbye on the dead connection
  EXPECT_EQ(delivered, 0);
}

}  // namespace
}  // namespace ek

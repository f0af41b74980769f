#include "http/poller.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace ek {
namespace {

// As a child process has one after fork(2).
TEST(Poller, ForgetsASocketThatIsClosedThoughACopyOfItStaysOpen) {
  if (!Poller::exists()) GTEST_SKIP() << "skipped: no epoll on this system";
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  Poller poller;
  poller.opened(ends[0]);
  poller.watch(ends[0], Poller::readable, this);
  const int copy = dup(ends[0]);
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  EXPECT_EQ(poller.wait(0).size(), 1U);
  poller.closed(ends[0]);
  close(ends[0]);
  EXPECT_TRUE(poller.wait(0).empty());
  pollfd entry{.fd = poller.descriptor(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&entry, 1, 0), 0);
  for (const int end : {copy, ends[1]}) close(end);
}

}  // namespace
}  // namespace ek

// What the headers promise of fork: a child may make a client of its own, and the calls of the
// parent do not notice.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "endpointkit/ext/environment.hpp"
#include "endpointkit/loop.hpp"
#include "scale/crowd.hpp"

namespace ek::testing {
namespace {

constexpr std::uint64_t loop_streams = 20;
constexpr std::uint64_t blocking_id = 1'000;

std::string next_text(ChatStream& stream) {
  const auto event = stream.next();
  return event && *event ? std::string((*event)->text()) : "no event";
}

/// Runs `act` in a child and gives what it exits with.
template <class Act>
int in_child(const Act& act) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(act());
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// A stream that blocks and a loop with many, each of which has had one event.
class Fork : public ::testing::Test {
 protected:
  Fork() {
    for (std::uint64_t id = 0; id < loop_streams; ++id)
      ids_[loop_.chat_stream(endpoint_, ask(id)).value()] = id;
    while (server_.counts().held < loop_streams) loop_.process();
    blocking_.wait(std::chrono::milliseconds(0));
    while (server_.counts().held <= loop_streams) blocking_.wait(std::chrono::milliseconds(1));
    server_.round();
    hear(0);
  }

  void hear(int round) {
    const std::string end = "." + std::to_string(round);
    for (std::uint64_t i = 0; i < loop_streams; ++i) {
      const LoopEvent event = loop_.next().value();
      const auto* part = event.get_if<ChatEvent>();
      ASSERT_NE(part, nullptr);
      EXPECT_EQ(part->text(), std::to_string(ids_.at(event.call)) + end);
    }
    EXPECT_EQ(next_text(blocking_), std::to_string(blocking_id) + end);
  }
  /// The parent's streams go on and come to their ends.
  void expect_unharmed() {
    server_.round();
    hear(1);
    server_.finish();
    for (std::uint64_t i = 0; i < loop_streams; ++i) {
      const LoopEvent event = loop_.next().value();
      const auto* part = event.get_if<ChatEvent>();
      EXPECT_TRUE(event.last && part != nullptr && part->get_if<Finished>() != nullptr);
    }
    const auto end = blocking_.next();
    ASSERT_TRUE(end && *end);
    EXPECT_NE((*end)->get_if<Finished>(), nullptr);
  }

  CrowdServer server_;
  const Client client_;
  const Endpoint endpoint_ = open_crowd(client_, server_);
  Loop loop_{client_};
  ChatStream blocking_ = endpoint_.chat_stream(ask(blocking_id)).value();
  std::map<CallId, std::uint64_t> ids_;
};

TEST_F(Fork, LeavesTheParentsStreamsAloneWhileTheChildCallsOnAClientOfItsOwn) {
  const int exit_code = in_child([&] {
    const Client own;
    const Endpoint endpoint = open_crowd(own, server_);
    const auto reply = endpoint.chat(ask(7));
    Loop loop(own);
    loop.chat_stream(endpoint, ask(8, "events=2")).value();
    std::string streamed;
    while (const auto event = loop.next()) {
      if (const auto* part = event->get_if<ChatEvent>()) streamed += part->text();
    }
    return reply && reply->text() == "7" && streamed == "8.08.1" ? 0 : 1;
  });
  EXPECT_EQ(exit_code, 0);
  expect_unharmed();
}

TEST_F(Fork, LeavesTheParentsStreamsAloneWhenTheChildExits) {
  EXPECT_EQ(in_child([] { return 3; }), 3);
  expect_unharmed();
}

TEST_F(Fork, GivesAChildThatExecsNoConnection) {
  std::size_t sockets = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    struct stat what {};
    if (::fstat(fd, &what) != 0 || !S_ISSOCK(what.st_mode)) continue;
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    void* raw = &peer;
    if (::getpeername(fd, static_cast<sockaddr*>(raw), &size) != 0 || peer.ss_family != AF_INET)
      continue;
    ++sockets;
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(sockets, loop_streams + 1);
}

TEST(ForkedEnvironment, DrawsOtherNumbersInTheChild) {
  const auto random = system_environment().random;
  random();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  in_child([&] {
    const double drawn = random();
    return ::write(ends[1], &drawn, sizeof drawn) == sizeof drawn ? 0 : 1;
  });
  double childs = 0;
  ASSERT_EQ(::read(ends[0], &childs, sizeof childs), ssize_t{sizeof childs});
  EXPECT_NE(random(), childs);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace ek::testing

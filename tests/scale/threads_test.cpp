// One client, used by as many threads as one likes.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "scale/crowd.hpp"

namespace ek::testing {
namespace {

constexpr std::uint64_t thread_count = 256;
constexpr std::uint64_t max_idle_lanes = 32;  // LanePool::Limits
constexpr int rounds = 3;

std::string text_of(Result<ChatStream> stream) {
  std::string text;
  while (auto event = stream.value().next()) {
    if (!*event) return describe(event->error());
    text += (*event)->text();
  }
  return text;
}

// What the answers of one thread were; a line for each wrong one. The first stream ends when the
// server says so, and until then nobody has got further.
std::string converse(const Endpoint& endpoint, std::uint64_t id) {
  std::string wrong;
  const std::string held = text_of(endpoint.chat_stream(ask(id)));
  if (held != std::to_string(id) + ".0") wrong += held + "\n";
  for (int round = 0; round < rounds; ++round) {
    const auto reply = endpoint.chat(ask(id));
    const std::string said = reply ? reply->text() : describe(reply.error());
    if (said != std::to_string(id)) wrong += said + "\n";
    const std::string n = std::to_string(id);
    const std::string streamed = text_of(endpoint.chat_stream(ask(id, "events=3")));
    if (streamed != n + ".0" + n + ".1" + n + ".2") wrong += streamed + "\n";
  }
  return wrong;
}

TEST(Threads, ShareAClientAndEachGetsItsOwnAnswers) {
  CrowdServer server;
  const std::size_t before = open_descriptors();
  {
    const Client client;
    const Endpoint endpoint = open_crowd(client, server);
    std::vector<std::string> wrong(thread_count);
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < thread_count; ++i) {
      threads.emplace_back([&, i] { wrong[i] = converse(endpoint, i); });
    }
    EXPECT_TRUE(server.await_held(thread_count));
    EXPECT_EQ(server.round().held, thread_count);
    EXPECT_EQ(server.finish().held, thread_count);
    for (std::thread& thread : threads) thread.join();
    for (const std::string& answers : wrong) EXPECT_EQ(answers, "");

    const CrowdServer::Counts counts = server.counts();
    EXPECT_EQ(counts.most_open, thread_count) << "one for each call under way";
    EXPECT_LT(counts.accepted, thread_count * (1 + 2 * rounds))
        << "connections are kept and used again";
    EXPECT_TRUE(server.await_open(max_idle_lanes)) << "what lies idle is bounded";
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_TRUE(server.await_open(0));
}

}  // namespace
}  // namespace ek::testing

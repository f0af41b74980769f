// Ten thousand streams on one loop.
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <time.h>

#include <unordered_map>
#include <vector>

#include "endpointkit/loop.hpp"
#include "scale/crowd.hpp"
#include "support/counted_heap.hpp"

namespace ek::testing {
namespace {

constexpr std::uint64_t stream_count = 10'000;
constexpr std::uint64_t step = 2'500;
constexpr std::uint64_t rounds = 3;
const std::string prompt(1'000, 'x');              // is not kept once it was sent
constexpr std::int64_t max_bytes_each = 8 * 1024;  // libcurl has its own 16 KiB

/// Of this process, so that what else the machine does hardly counts.
std::chrono::nanoseconds cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::vector<std::int64_t> counts_of(const std::vector<std::chrono::nanoseconds>& times) {
  std::vector<std::int64_t> counts;
  for (const auto time : times) counts.push_back(time.count());
  return counts;
}

class Streams {
 public:
  explicit Streams(const CrowdServer& server)
      : endpoint_(open_crowd(client_, server)), loop_(client_) {}

  void open(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
      ids_[loop_.chat_stream(endpoint_, ask(heard_.size() + i, prompt)).value()] =
          heard_.size() + i;
    heard_.resize(heard_.size() + count);
  }
  /// Takes so many events; false if a stream failed or got what is not its own.
  bool take(std::uint64_t count) {
    for (; count > 0; --count) {
      const auto event = loop_.next();
      if (!event) return false;
      const std::uint64_t id = ids_.at(event->call);
      const auto* part = event->get_if<ChatEvent>();
      if (part == nullptr) return false;
      if (event->last) {
        ++ended_;
      } else if (part->text() != fmt::format("{}.{}", id, heard_[id]++)) {
        return false;
      }
    }
    return true;
  }
  /// Works until the server holds so many.
  void settle(CrowdServer& server, std::uint64_t count) {
    while (server.counts().held < count) {
      for (int i = 0; i < 16; ++i) loop_.process();
    }
  }
  [[nodiscard]] std::uint64_t ended() const { return ended_; }

 private:
  const Client client_;
  const Endpoint endpoint_;
  Loop loop_;
  std::unordered_map<CallId, std::uint64_t> ids_;
  std::vector<std::uint64_t> heard_;  // events, by stream
  std::uint64_t ended_ = 0;
};

TEST(Streams, TenThousandOnOneLoopEachHearTheirOwnInOrder) {
  if (!allow_descriptors(stream_count + 512))
    GTEST_SKIP() << "skipped: the system allows too few descriptors for 10,000 streams";
  CrowdServer server;
  const std::size_t before = open_descriptors();
  {
    Streams streams(server);
    const std::int64_t heap = heap_bytes();
    std::vector<std::chrono::nanoseconds> costs;
    for (std::uint64_t open = 0; open < stream_count; open += step) {
      const auto began = cpu_time();
      streams.open(step);
      streams.settle(server, open + step);
      costs.push_back((cpu_time() - began) / step);
    }
    fmt::print("CPU to open one stream of each {}: {} ns\n", step,
               fmt::join(counts_of(costs), ", "));
    EXPECT_LE(costs.back(), 2 * costs.front()) << "it costs more the more there are";

    for (std::uint64_t round = 0; round < rounds; ++round) {
      EXPECT_EQ(server.round().held, stream_count);
      ASSERT_TRUE(streams.take(stream_count));
    }
    const auto each = (heap_bytes() - heap) / static_cast<std::int64_t>(stream_count);
    fmt::print("bytes of our own for each open stream: {}\n", each);
    EXPECT_LE(each, max_bytes_each);
    EXPECT_EQ(server.finish().held, stream_count);
    ASSERT_TRUE(streams.take(stream_count));
    EXPECT_EQ(streams.ended(), stream_count);
    EXPECT_EQ(server.counts().accepted, stream_count);
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace ek::testing

// endpointkit-bench-streams: what ten thousand open streams on one thread cost, ours against one
// curl multi handle watched by epoll. Each side runs in a process of its own, rounds interleaved;
// the last lines are `ratio NAME VALUE target T`, of medians.
#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "endpointkit/endpointkit.hpp"
#include "scale/crowd.hpp"
#include "support/crowd_server.hpp"

namespace ek::bench {
namespace {

using testing::CrowdServer;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t stream_count = 10'000;
constexpr std::uint64_t step = 1'000;
constexpr int event_rounds = 5;
constexpr int repetitions = 3;

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double resident_kib() {
  std::ifstream file("/proc/self/statm");
  long total = 0;
  long resident = 0;
  file >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1024;
}

/// The streams of one side: add(id) opens one, turn() works until something happened or 10 ms
/// passed, events() counts what came.
class OurStreams {
 public:
  explicit OurStreams(const CrowdServer& server)
      : endpoint_(testing::open_crowd(client_, server)), loop_(client_) {}
  void add(std::uint64_t id) { loop_.chat_stream(endpoint_, testing::ask(id)).value(); }
  void turn() {
    if (loop_.next(std::chrono::milliseconds(10))) ++events_;
  }
  [[nodiscard]] std::uint64_t events() const { return events_; }

 private:
  const Client client_;
  const Endpoint endpoint_;
  Loop loop_;
  std::uint64_t events_ = 0;
};

class RawStreams {
 public:
  explicit RawStreams(const CrowdServer& server)
      : url_(server.url()), multi_(curl_multi_init()), epoll_(epoll_create1(0)) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &RawStreams::watch);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &RawStreams::set_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  }
  void add(std::uint64_t id) {
    CURL* easy = curl_easy_init();
    const std::string body =
        fmt::format(R"({{"messages":[{{"role":"user","content":"id={}"}}],"stream":true}})", id);
    curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body.c_str());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &RawStreams::count);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
    curl_multi_add_handle(multi_, easy);
  }
  void turn() {
    std::array<epoll_event, 256> ready;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due_ - Clock::now()).count();
    const int wait = static_cast<int>(std::clamp<std::int64_t>(left, 0, 10));
    const int count = epoll_wait(epoll_, ready.data(), ready.size(), wait);
    int running = 0;
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = ready[static_cast<std::size_t>(i)];
      const int what = ((event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                       ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0);
      curl_multi_socket_action(multi_, event.data.fd, what, &running);
    }
    if (Clock::now() < due_) return;
    due_ = Clock::time_point::max();
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  [[nodiscard]] std::uint64_t events() const { return events_; }

 private:
  static std::size_t count(char*, std::size_t size, std::size_t number, void* self) {
    ++static_cast<RawStreams*>(self)->events_;
    return size * number;
  }
  static int watch(CURL*, curl_socket_t socket, int what, void* self, void* known) {
    auto& raw = *static_cast<RawStreams*>(self);
    epoll_event event{.events = 0, .data = {.fd = socket}};
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) event.events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) event.events |= EPOLLOUT;
    const int how = what == CURL_POLL_REMOVE ? EPOLL_CTL_DEL
                    : known == nullptr       ? EPOLL_CTL_ADD
                                             : EPOLL_CTL_MOD;
    epoll_ctl(raw.epoll_, how, socket, &event);
    curl_multi_assign(raw.multi_, socket, self);
    return 0;
  }
  static int set_timer(CURLM*, long ms, void* self) {
    static_cast<RawStreams*>(self)->due_ =
        ms < 0 ? Clock::time_point::max() : Clock::now() + std::chrono::milliseconds(ms);
    return 0;
  }

  const std::string url_;
  CURLM* multi_;
  const int epoll_;
  Clock::time_point due_ = Clock::time_point::max();
  std::uint64_t events_ = 0;
};

struct Cost {
  double open_us, first_open_us, last_open_us;  ///< CPU a stream: all, the first and last thousand.
  double kib;                                   ///< Resident memory a stream.
  double event_us;                              ///< CPU an event, when each stream gets one.
};

template <class Streams>
Cost measure() {
  CrowdServer server;
  Streams streams(server);
  Cost cost{};
  const double memory = resident_kib();
  for (std::uint64_t open = 0; open < stream_count; open += step) {
    const double began = cpu_us();
    for (std::uint64_t i = 0; i < step; ++i) streams.add(open + i);
    while (server.counts().held < open + step) streams.turn();
    cost.last_open_us = (cpu_us() - began) / step;
    if (open == 0) cost.first_open_us = cost.last_open_us;
    cost.open_us += cost.last_open_us * step / stream_count;
  }
  const double began = cpu_us();
  for (int round = 1; round <= event_rounds; ++round) {
    server.round();
    while (streams.events() < static_cast<std::uint64_t>(round) * stream_count) streams.turn();
  }
  cost.event_us = (cpu_us() - began) / (event_rounds * stream_count);
  cost.kib = (resident_kib() - memory) / stream_count;
  return cost;
}

// In a child, whose end is the quickest way to close it all.
Cost measure_apart(Cost (*measure)()) {
  int ends[2];
  Cost cost{};
  if (pipe(ends) != 0) return cost;
  const pid_t child = fork();
  if (child == 0) {
    cost = measure();
    _exit(write(ends[1], &cost, sizeof cost) == sizeof cost ? 0 : 1);
  }
  close(ends[1]);
  const bool whole = read(ends[0], &cost, sizeof cost) == sizeof cost;
  close(ends[0]);
  waitpid(child, nullptr, 0);
  if (!whole) fmt::print(stderr, "a measurement failed\n");
  return whole ? cost : Cost{};
}

double median(std::vector<Cost> costs, double Cost::*what) {
  const auto middle = costs.begin() + static_cast<std::ptrdiff_t>(costs.size() / 2);
  std::nth_element(costs.begin(), middle, costs.end(),
                   [&](const Cost& a, const Cost& b) { return a.*what < b.*what; });
  return (*middle).*what;
}

int run() {
  if (!testing::allow_descriptors(stream_count + 512)) {
    fmt::print("skipped: the system allows too few descriptors for 10,000 streams\n");
    return 0;
  }
  std::vector<Cost> ours;
  std::vector<Cost> raw;
  for (int i = 0; i < repetitions; ++i) {
    raw.push_back(measure_apart(&measure<RawStreams>));
    ours.push_back(measure_apart(&measure<OurStreams>));
  }
  for (const auto& [name, costs] : {std::pair{"raw", &raw}, {"ours", &ours}}) {
    fmt::print(
        "10,000 streams, {}: {:.1f} us to open one ({:.1f} the first, {:.1f} the last), "
        "{:.1f} KiB each, {:.2f} us an event\n",
        name, median(*costs, &Cost::open_us), median(*costs, &Cost::first_open_us),
        median(*costs, &Cost::last_open_us), median(*costs, &Cost::kib),
        median(*costs, &Cost::event_us));
  }
  const double raw_kib = median(raw, &Cost::kib);
  const auto ratio = [&](const char* name, double value, double target) {
    fmt::print("ratio {} {:.2f} target {:.2f}\n", name, value, target);
  };
  ratio("streams_10000_open", median(ours, &Cost::open_us) / median(raw, &Cost::open_us), 1.10);
  ratio("streams_10000_growth",
        median(ours, &Cost::last_open_us) / median(ours, &Cost::first_open_us), 1.25);
  ratio("streams_10000_memory", median(ours, &Cost::kib) / raw_kib, (raw_kib + 3) / raw_kib);
  ratio("streams_10000_event", median(ours, &Cost::event_us) / median(raw, &Cost::event_us), 1.25);
  return 0;
}

}  // namespace
}  // namespace ek::bench

int main() { return ek::bench::run(); }

#include "http/wide_lane.hpp"

#ifndef _WIN32
#include <unistd.h>
#endif

#include <algorithm>
#include <utility>

#include "http/curl_easy.hpp"
#include "http/curl_lane.hpp"
#include "http/signal_guard.hpp"

namespace ek {
namespace {

using std::chrono::milliseconds;

// The search costs some 20 ns a connection, an exchange some 60 us.
constexpr std::size_t max_exchanges_of_shard = 512;
// Of some hundred sockets each; those that are ready all the time must not keep the caller here.
constexpr int most_batches = 100;

int close_socket(curl_socket_t socket) {
#ifndef _WIN32
  return close(socket);
#else
  return closesocket(socket);
#endif
}

int to_curl(std::uint8_t events) {
  return ((events & Poller::readable) != 0 ? CURL_CSELECT_IN : 0) |
         ((events & Poller::writable) != 0 ? CURL_CSELECT_OUT : 0) |
         ((events & Poller::broken) != 0 ? CURL_CSELECT_ERR : 0);
}

}  // namespace

/// One multi handle, with the exchanges that run on it.
class WideLane::Shard final : public CurlLane {
 public:
  Shard(std::shared_ptr<CurlContext> context, WideLane& whole);
  ~Shard() override { close(); }  // closing connections calls back into this object

  using CurlLane::begin;
  using CurlLane::begin_due;
  using CurlLane::close_late;
  /// To be worked on at the next act().
  void take(const Poller::Ready& ready) { ready_.push_back(ready); }
  /// Works on what is ready or due. True if there is news.
  bool act();
  [[nodiscard]] SteadyTime due() const override { return std::min(due_, begin_due()); }
  void wake() noexcept override { whole_.wake(); }
  void opened(curl_socket_t socket) override { poller_.opened(socket); }

 private:
  EasyHandle make_handle() override;
  int turn(int timeout_ms) override;

  static int on_watch(CURL* easy, curl_socket_t socket, int what, void* self, void*);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  static int on_close(void* self, curl_socket_t socket);

  WideLane& whole_;
  Poller& poller_;
  std::vector<Poller::Ready> ready_;
  SteadyTime due_ = SteadyTime::max();  // of libcurl's timers
  int running_ = 0;
};

WideLane::Shard::Shard(std::shared_ptr<CurlContext> context, WideLane& whole)
    : CurlLane(std::move(context)), whole_(whole), poller_(whole.poller_) {
  if (multi() == nullptr) return;
  curl_multi_setopt(multi(), CURLMOPT_SOCKETFUNCTION, &Shard::on_watch);
  curl_multi_setopt(multi(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi(), CURLMOPT_TIMERFUNCTION, &Shard::on_timer);
  curl_multi_setopt(multi(), CURLMOPT_TIMERDATA, this);
}

EasyHandle WideLane::Shard::make_handle() {
  EasyHandle easy = CurlLane::make_handle();
  if (!easy || !poller_.good()) return nullptr;
  curl_easy_setopt(easy.get(), CURLOPT_CLOSESOCKETFUNCTION, &Shard::on_close);
  curl_easy_setopt(easy.get(), CURLOPT_CLOSESOCKETDATA, this);
  return easy;
}

bool WideLane::Shard::act() {
  const bool idle = ready_.empty() && std::chrono::steady_clock::now() < due_;
  return !idle && work(0);
}

int WideLane::Shard::turn(int) {
  for (const Poller::Ready& ready : ready_)
    curl_multi_socket_action(multi(), ready.socket, to_curl(ready.events), &running_);
  ready_.clear();
  if (std::chrono::steady_clock::now() >= due_) {
    due_ = SteadyTime::max();
    curl_multi_socket_action(multi(), CURL_SOCKET_TIMEOUT, 0, &running_);
  }
  return running_;
}

int WideLane::Shard::on_watch(CURL*, curl_socket_t socket, int what, void* self, void*) {
  const bool in = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
  const bool out = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
  const int wanted = (in ? Poller::readable : 0) | (out ? Poller::writable : 0);
  static_cast<Shard*>(self)->poller_.watch(socket, static_cast<std::uint8_t>(wanted), self);
  return 0;
}

int WideLane::Shard::on_timer(CURLM*, long timeout_ms, void* self) {
  static_cast<Shard*>(self)->due_ =
      timeout_ms < 0 ? SteadyTime::max()
                     : std::chrono::steady_clock::now() + milliseconds(timeout_ms);
  return 0;
}

int WideLane::Shard::on_close(void* self, curl_socket_t socket) {
  static_cast<Shard*>(self)->poller_.closed(socket);
  return close_socket(socket);
}

WideLane::WideLane(std::shared_ptr<CurlContext> context) : context_(std::move(context)) {}
WideLane::~WideLane() = default;

std::unique_ptr<Exchange> WideLane::start(HttpRequest request, const TransferOptions& options) {
  return shard_with_room().start(std::move(request), options);
}

void WideLane::let_end(std::unique_ptr<Exchange> exchange) {
  if (CurlLane* shard = static_cast<CurlExchange&>(*exchange).lane())
    shard->let_end(std::move(exchange));
}

WideLane::Shard& WideLane::shard_with_room() {
  for (const auto& shard : shards_) {
    if (shard->size() < max_exchanges_of_shard) return *shard;
  }
  return *shards_.emplace_back(std::make_unique<Shard>(context_, *this));
}

void WideLane::wait(SteadyTime until) {
  const SignalGuard guard;
  drop_empty_shards();
  bool news = false;
  for (const auto& shard : shards_) {
    news |= shard->begin();
    until = std::min(until, shard->begin_due());
  }
  // A lane that is woken or late all the time still gets its work done, one round a call.
  for (bool last = false; !news && !last;) {
    const int timeout = woken_ ? 0 : poll_timeout_ms(until);
    news = round(timeout);
    last = timeout == 0 || woken_;
  }
  woken_ = false;
  for (const auto& shard : shards_) shard->close_late();
}

bool WideLane::round(int timeout_ms) {
  int timeout = std::min(timeout_ms, poll_timeout_ms(due()));
  bool news = false;
  // Once round them all: a call whose bytes are there must not be taken for late.
  for (int batches = 0; batches < most_batches; ++batches) {
    for (const Poller::Ready& ready : poller_.wait(timeout))
      static_cast<Shard*>(ready.owner)->take(ready);
    for (const auto& shard : shards_) news |= shard->act();
    if (!poller_.may_have_more()) break;
    timeout = 0;
  }
  return news;
}

// Where no other has room, one without exchanges is kept, with its connections, for the next.
void WideLane::drop_empty_shards() noexcept {
  bool room = std::any_of(shards_.begin(), shards_.end(), [](const auto& shard) {
    return shard->size() > 0 && shard->size() < max_exchanges_of_shard;
  });
  std::erase_if(shards_,
                [&](const auto& shard) { return shard->size() == 0 && std::exchange(room, true); });
}

void WideLane::wake() noexcept {
  if (!woken_.exchange(true)) poller_.interrupt();
}

SteadyTime WideLane::due() const {
  SteadyTime first = SteadyTime::max();
  for (const auto& shard : shards_) first = std::min(first, shard->due());
  return first;
}

}  // namespace ek

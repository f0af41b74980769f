#include "http/curl_lane.hpp"

#include <algorithm>
#include <utility>

#include "http/curl_easy.hpp"
#include "http/curl_global.hpp"
#include "http/signal_guard.hpp"

namespace ek {
namespace {

// Of a wide lane as many end at once as one round of its loop starts anew; making a handle costs a
// tenth of a request.
constexpr std::size_t max_idle_handles = 64;

// At least; libcurl's own bound is four for each transfer under way, so that one call at a time to
// five hosts would connect anew each time. Connections in use count.
constexpr long min_kept_connections = 64;
constexpr std::chrono::seconds memory_of_crowds(10);

// As long may an answer of which nothing is wanted any more take to end.
constexpr std::chrono::seconds longest_end(1);

Error no_curl() {
  return {.code = ErrorCode::transport,
          .phase = Phase::request,
          .message = "libcurl could not be started: out of memory or not usable in this process"};
}

}  // namespace

int poll_timeout_ms(SteadyTime until) {
  using std::chrono::milliseconds;
  const auto left = until - std::chrono::steady_clock::now();
  const auto rounded = std::chrono::ceil<milliseconds>(left);
  return static_cast<int>(
      std::clamp<milliseconds::rep>(rounded.count(), 0, milliseconds::rep{86'400'000}));
}

CurlLane::CurlLane(std::shared_ptr<CurlContext> context)
    : context_(std::move(context)), multi_(init_curl() ? curl_multi_init() : nullptr) {
  bound_connections();
}

CurlLane::~CurlLane() { close(); }

// Where all calls end at once and as many begin again, they find their connections.
void CurlLane::bound_connections() noexcept {
  const SteadyTime now = std::chrono::steady_clock::now();
  const long live = static_cast<long>(live_.size());
  if (live >= most_live_ || now - most_at_ > memory_of_crowds) {
    most_live_ = live;
    most_at_ = now;
  }
  const long wanted = std::max({min_kept_connections, 4 * live, most_live_});
  if (multi_ && std::exchange(max_connections_, wanted) != wanted)
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, wanted);
}

void CurlLane::close() noexcept {
  const SignalGuard guard;
  context_->lookups.forget(*this);
  while (!live_.empty()) {
    CurlExchange& exchange = *live_.back();
    const bool headed = exchange.head() != nullptr;
    exchange.fail({.code = headed ? ErrorCode::truncated : ErrorCode::transport,
                   .phase = headed ? Phase::stream : Phase::headers,
                   .message = "the lane was closed before the exchange had ended"});
    remove(exchange);
  }
  ending_.clear();
  idle_handles_.clear();
  multi_.reset();
}

std::unique_ptr<Exchange> CurlLane::start(HttpRequest request, const TransferOptions& options) {
  auto exchange = std::make_unique<CurlExchange>(*context_, std::move(request), options);
  if (auto refused = exchange->choose_way()) {
    exchange->fail(*std::move(refused));
    return exchange;
  }
  EasyHandle easy = multi_ ? take_handle() : nullptr;
  if (!easy) {
    exchange->fail(no_curl());
    return exchange;
  }
  exchange->attach(*this, live_.size(), std::move(easy));
  live_.push_back(exchange.get());
  bound_connections();
  if (!try_to_add(*exchange)) hold(*exchange);
  return exchange;
}

bool CurlLane::try_to_add(CurlExchange& exchange) {
  const auto turn = exchange.ask();
  if (turn == Lookups::Turn::wait) return false;
  fresh_ = true;
  if (turn == Lookups::Turn::fail) {
    remove(exchange);
    news_ = true;
  } else if (curl_multi_add_handle(multi_.get(), exchange.handle()) != CURLM_OK) {
    remove(exchange);
    exchange.fail(no_curl());
  }
  return true;
}

void CurlLane::hold(CurlExchange& exchange) {
  held_.push_back(&exchange);
  held_until_ = std::min(held_until_, exchange.ask_again_at());
}

void CurlLane::add_held() {
  held_until_ = SteadyTime::max();
  for (CurlExchange* exchange : std::exchange(held_, {})) {
    if (!try_to_add(*exchange)) hold(*exchange);
  }
}

EasyHandle CurlLane::take_handle() {
  if (idle_handles_.empty()) return make_handle();
  EasyHandle easy = std::move(idle_handles_.back());
  idle_handles_.pop_back();
  return easy;
}

EasyHandle CurlLane::make_handle() {
  EasyHandle easy = make_easy(*context_);
  if (easy) CurlExchange::prepare(easy.get());
  return easy;
}

EasyHandle CurlLane::remove(CurlExchange& exchange) noexcept {
  curl_multi_remove_handle(multi_.get(), exchange.handle());
  std::erase(held_, &exchange);
  std::erase(to_resume_, &exchange);
  live_.back()->move_to(exchange.place());
  live_[exchange.place()] = live_.back();
  live_.pop_back();
  bound_connections();
  return exchange.detach();
}

void CurlLane::abandon(CurlExchange& exchange) noexcept {
  const SignalGuard guard;
  remove(exchange);
}

void CurlLane::let_end(std::unique_ptr<Exchange> exchange) {
  auto& ours = static_cast<CurlExchange&>(*exchange);
  // Over, or a stream that can be closed without its connection.
  if (ours.lane() == nullptr || ours.is_http2()) return;
  static_cast<void>(exchange.release());
  ending_.push_back(
      {std::unique_ptr<CurlExchange>(&ours), std::chrono::steady_clock::now() + longest_end});
  ours.mute();
}

// Those that are over, and those whose server keeps the answer open.
void CurlLane::close_late() {
  if (ending_.empty()) return;
  const SteadyTime now = std::chrono::steady_clock::now();
  std::erase_if(ending_, [&](const Ending& ending) {
    return ending.exchange->lane() == nullptr || now >= ending.until;
  });
}

void CurlLane::resume_later(CurlExchange& exchange) { to_resume_.push_back(&exchange); }

void CurlLane::resume_paused() {
  // libcurl may hand out what it holds at once, and that may end in a pause again.
  for (CurlExchange* exchange : std::exchange(to_resume_, {})) {
    exchange->resume();
    fresh_ = true;
  }
}

void CurlLane::wait(SteadyTime until) {
  if (!multi_) return;  // every start() failed
  const SignalGuard guard;
  bool news = begin();
  until = std::min(until, begin_due());
  // A lane that is woken or late all the time still gets its work done, one round a call.
  for (bool last = false; !news && !last;) {
    const int timeout = woken_ ? 0 : poll_timeout_ms(until);
    news = work(timeout);
    last = timeout == 0 || woken_;
  }
  woken_ = false;
  close_late();
}

void CurlLane::wake() noexcept {
  if (!woken_.exchange(true) && multi_) curl_multi_wakeup(multi());
}

bool CurlLane::begin() {
  news_ = false;
  add_held();
  resume_paused();
  return std::exchange(fresh_, false) && work(0);
}

bool CurlLane::work(int timeout_ms) {
  const int running = turn(timeout_ms);
  if (static_cast<std::size_t>(running) != live_.size()) collect_finished();
  return news_;
}

int CurlLane::turn(int timeout_ms) {
  int running = 0;
  if (timeout_ms > 0) curl_multi_poll(multi(), nullptr, 0, timeout_ms, nullptr);
  curl_multi_perform(multi(), &running);
  return running;
}

void CurlLane::collect_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // gone with the handle
    CurlExchange* exchange = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
    exchange->finish(code);
    EasyHandle easy = remove(*exchange);
    if (code == CURLE_OK && !exchange->is_private() && idle_handles_.size() < max_idle_handles) {
      idle_handles_.push_back(std::move(easy));
    }
    news_ = true;
  }
}

}  // namespace ek

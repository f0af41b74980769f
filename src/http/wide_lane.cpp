#include "http/wide_lane.hpp"

#ifndef _WIN32
#include <unistd.h>
#endif

#include <algorithm>
#include <utility>

#include "http/curl_easy.hpp"

namespace ek {
namespace {

using std::chrono::milliseconds;

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

WideLane::WideLane(std::shared_ptr<CurlContext> context) : CurlLane(std::move(context)) {
  if (multi() == nullptr) return;
  curl_multi_setopt(multi(), CURLMOPT_SOCKETFUNCTION, &WideLane::on_watch);
  curl_multi_setopt(multi(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi(), CURLMOPT_TIMERFUNCTION, &WideLane::on_timer);
  curl_multi_setopt(multi(), CURLMOPT_TIMERDATA, this);
}

// Closing connections calls back into this object.
WideLane::~WideLane() { close(); }

SteadyTime WideLane::due() const { return due_; }

EasyHandle WideLane::make_handle() {
  EasyHandle easy = CurlLane::make_handle();
  if (!easy || !poller_.good()) return nullptr;
  curl_easy_setopt(easy.get(), CURLOPT_SOCKOPTFUNCTION, &WideLane::on_open);
  curl_easy_setopt(easy.get(), CURLOPT_SOCKOPTDATA, this);
  curl_easy_setopt(easy.get(), CURLOPT_CLOSESOCKETFUNCTION, &WideLane::on_close);
  curl_easy_setopt(easy.get(), CURLOPT_CLOSESOCKETDATA, this);
  return easy;
}

int WideLane::turn(int timeout_ms) {
  const auto now = std::chrono::steady_clock::now();
  if (due_ != SteadyTime::max()) {
    const auto left = std::chrono::ceil<milliseconds>(due_ - now).count();
    timeout_ms = static_cast<int>(std::clamp<milliseconds::rep>(left, 0, timeout_ms));
  }
  for (const Poller::Ready& ready : poller_.wait(timeout_ms))
    curl_multi_socket_action(multi(), ready.socket, to_curl(ready.events), &running_);
  if (std::chrono::steady_clock::now() >= due_) {
    due_ = SteadyTime::max();
    curl_multi_socket_action(multi(), CURL_SOCKET_TIMEOUT, 0, &running_);
  }
  return running_;
}

int WideLane::on_watch(CURL*, curl_socket_t socket, int what, void* self, void*) {
  const bool in = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
  const bool out = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
  const int wanted = (in ? Poller::readable : 0) | (out ? Poller::writable : 0);
  static_cast<WideLane*>(self)->poller_.watch(socket, static_cast<std::uint8_t>(wanted));
  return 0;
}

int WideLane::on_timer(CURLM*, long timeout_ms, void* self) {
  auto& lane = *static_cast<WideLane*>(self);
  lane.due_ = timeout_ms < 0 ? SteadyTime::max()
                             : std::chrono::steady_clock::now() + milliseconds(timeout_ms);
  return 0;
}

int WideLane::on_open(void* self, curl_socket_t socket, curlsocktype purpose) {
  static_cast<WideLane*>(self)->poller_.opened(socket);
  return on_new_socket(nullptr, socket, purpose);
}

int WideLane::on_close(void* self, curl_socket_t socket) {
  static_cast<WideLane*>(self)->poller_.closed(socket);
  return close_socket(socket);
}

}  // namespace ek

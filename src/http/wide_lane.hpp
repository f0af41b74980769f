// A lane for thousands of exchanges: one curl multi handle whose sockets are watched by a Poller,
// so that a round costs what happened in it and not what is open.
#pragma once

#include "http/curl_lane.hpp"
#include "http/poller.hpp"

namespace ek {

class WideLane final : public CurlLane {
 public:
  explicit WideLane(std::shared_ptr<CurlContext> context);
  ~WideLane() override;

  [[nodiscard]] int descriptor() const noexcept override { return poller_.descriptor(); }
  [[nodiscard]] SteadyTime due() const override;

 private:
  EasyHandle make_handle() override;
  int turn(int timeout_ms) override;
  void interrupt() noexcept override { poller_.interrupt(); }

  static int on_watch(CURL* easy, curl_socket_t socket, int what, void* self, void*);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  static int on_open(void* self, curl_socket_t socket, curlsocktype purpose);
  static int on_close(void* self, curl_socket_t socket);

  Poller poller_;
  SteadyTime due_ = SteadyTime::max();  // of libcurl's timers
  int running_ = 0;
};

}  // namespace ek

// A lane for thousands of exchanges: curl multi handles whose sockets are watched by one Poller, so
// that a round costs what happened in it and not what is open.
//
// There are several multi handles because libcurl looks for a connection to use again among all of
// the host's, one by one: with ten thousand streams on one handle, that is what opening the next
// one costs most.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "endpointkit/ext/transport.hpp"
#include "http/curl_context.hpp"
#include "http/poller.hpp"

namespace ek {

class WideLane final : public Lane {
 public:
  explicit WideLane(std::shared_ptr<CurlContext> context);
  ~WideLane() override;
  WideLane(const WideLane&) = delete;
  WideLane& operator=(const WideLane&) = delete;

  std::unique_ptr<Exchange> start(HttpRequest request, const TransferOptions& options) override;
  void wait(SteadyTime until) override;
  void wake() noexcept override;
  void let_end(std::unique_ptr<Exchange> exchange) override;
  [[nodiscard]] int descriptor() const noexcept override { return poller_.descriptor(); }
  [[nodiscard]] SteadyTime due() const override;

 private:
  class Shard;

  Shard& shard_with_room();
  bool round(int timeout_ms);
  void drop_empty_shards() noexcept;

  const std::shared_ptr<CurlContext> context_;
  Poller poller_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::atomic<bool> woken_ = false;
};

}  // namespace ek

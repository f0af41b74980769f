#include "http/curl_transport.hpp"

#include <utility>

#include "http/curl_context.hpp"
#include "http/curl_global.hpp"
#include "http/curl_lane.hpp"
#include "http/wide_lane.hpp"

namespace ek {
namespace {

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(const HttpOptions& options)
      : context_(std::make_shared<CurlContext>(options)) {}

  std::unique_ptr<Lane> open_lane() override { return std::make_unique<CurlLane>(context_); }
  std::unique_ptr<Lane> open_wide_lane() override {
    if (!Poller::exists()) return open_lane();
    return std::make_unique<WideLane>(context_);
  }

 private:
  const std::shared_ptr<CurlContext> context_;
};

}  // namespace

std::shared_ptr<Transport> make_curl_transport(const HttpOptions& options) {
  init_curl();  // before the share handle is made
  HttpOptions complete = options;
  if (!complete.environment) {
    complete.environment = std::make_shared<const Environment>(system_environment());
  }
  return std::make_shared<CurlTransport>(complete);
}

}  // namespace ek

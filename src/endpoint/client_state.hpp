// What the endpoints of one client share.
#pragma once

#include <memory>

#include "endpoint/clock_correction.hpp"
#include "endpoint/retry.hpp"
#include "endpointkit/endpoint.hpp"
#include "endpointkit/ext/environment.hpp"
#include "endpointkit/ext/transport.hpp"
#include "http/lane_pool.hpp"
#include "signing/signer.hpp"

namespace ek {

struct ClientState {
  explicit ClientState(ClientOptions options);

  /// What endpoints have from the client.
  [[nodiscard]] CallDefaults defaults() const {
    return {.timeouts = options.timeouts, .retry = options.retry, .on_cancel = options.on_cancel};
  }

  const ClientOptions options;
  const std::shared_ptr<ClockCorrection> clock;
  const std::shared_ptr<const Environment> environment;  ///< With that clock.
  const std::shared_ptr<Transport> transport;
  const std::shared_ptr<TokenCache> tokens;
  LanePool lanes;
  RetryBudget budget;
};

}  // namespace ek

// An opened endpoint: a cloud's address, the dialect spoken there, the signer, the client.
#pragma once

#include <memory>
#include <string>

#include "dialect/dialect.hpp"
#include "endpoint/client_state.hpp"
#include "endpoint/cloud.hpp"

namespace ek {

class AdaptiveRate;  // endpoint/adaptive_rate.hpp
class GroupState;    // endpoint/group_state.hpp
class Limiter;       // endpoint/limiter.hpp

struct EndpointState {
  std::shared_ptr<ClientState> client{};
  std::shared_ptr<const Cloud> cloud{};
  const dialect::Dialect* dialect = nullptr;
  std::shared_ptr<Signer> signer{};
  std::string uri{};
  CallDefaults defaults{};
  std::shared_ptr<AdaptiveRate> rate{};  ///< Of RetryMode::adaptive.
  std::shared_ptr<Limiter> limiter{};    ///< Null: no limits.
  std::shared_ptr<GroupState> group{};  ///< Set: calls go to its members; no cloud, no dialect, and
                                        ///< the signer is that of the first.
};

}  // namespace ek

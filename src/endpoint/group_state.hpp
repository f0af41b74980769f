// What a group remembers of its members between calls.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <vector>

#include "endpoint/endpoint_state.hpp"
#include "endpointkit/ext/transport.hpp"
#include "endpointkit/group.hpp"

namespace ek {

/// Safe from all threads.
class GroupState {
 public:
  GroupState(std::vector<std::shared_ptr<const EndpointState>> endpoints,
             std::vector<double> weights, const GroupOptions& options);

  [[nodiscard]] const GroupOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::size_t size() const noexcept { return members_.size(); }
  [[nodiscard]] const std::shared_ptr<const EndpointState>& endpoint(std::size_t member) const {
    return members_[member].endpoint;
  }

  /// In which order a call asks the members at `now`; `random` is uniform in [0, 1).
  [[nodiscard]] std::vector<std::size_t> order(SteadyTime now, double random);
  void begin(std::size_t member);
  /// `wait`: until the answer began.
  void succeed(std::size_t member, SteadyTime::duration wait);
  /// `wait`: until it failed.
  void fail(std::size_t member, SteadyTime now, SteadyTime::duration wait);
  /// Another answered sooner: it took this long and more.
  void wait_in_vain(std::size_t member, SteadyTime::duration wait);
  /// The call was given up, or has ended: whatever became of it.
  void leave(std::size_t member);
  /// A call that was to ask this member first was dropped before it did.
  void spare(std::size_t member);
  /// True if one more call may be hedged.
  [[nodiscard]] bool take_hedge();

 private:
  struct Member {
    std::shared_ptr<const EndpointState> endpoint;
    double weight = 1;
    int under_way = 0;
    int failures = 0;  // in a row
    SteadyTime rests_until{};
    std::optional<double> wait_s{};  // moving average

    void learn_wait(double seconds);
    [[nodiscard]] bool may_be_down(const GroupOptions& options) const {
      return failures >= options.breaker_failures;
    }
  };

  const GroupOptions options_;
  std::mutex mutex_;
  std::vector<Member> members_;
  double hedges_ = 1;  // that may be made; each call adds its share
};

}  // namespace ek

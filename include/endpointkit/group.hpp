// One Endpoint made of several, across regions and clouds: whoever is free, near or well answers.
//
//     auto group = ek::make_group({{&ours}, {&theirs}}, {.order = ek::GroupOrder::listed});
//     auto reply = group->chat(request);        // as with any endpoint
//
// Members change only until a piece of the answer was handed out: a stream never has two authors.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "endpointkit/endpoint.hpp"
#include "endpointkit/error.hpp"
#include "endpointkit/export.hpp"

namespace ek {

struct GroupMember {
  const Endpoint* endpoint = nullptr;  ///< Need not live longer than make_group().
  double weight = 1;                   ///< For GroupOrder::weighted; above 0.
};

/// Which member a call asks first; the others follow in the same order when it fails.
enum class GroupOrder : std::int32_t {
  listed,      ///< As given: a main endpoint and its stand-ins.
  weighted,    ///< By chance, in proportion to the weights.
  least_busy,  ///< The one with the fewest calls of this group under way.
  fastest,     ///< The one whose answers began soonest of late; each is tried at first, and again
               ///< from time to time.
};

/// Asks a second member while the first is silent, and takes whoever answers first. Both may be
/// paid for.
struct Hedge {
  std::chrono::milliseconds after{2'000};
  double most = 0.05;  ///< At most this share of the group's calls is hedged.
};

struct GroupOptions {
  GroupOrder order = GroupOrder::listed;
  std::optional<Hedge> hedge{};
  /// A member that failed so often in a row, by whatever is not the caller's fault, comes last for
  /// a while; then one call tries it.
  int breaker_failures = 5;
  std::chrono::milliseconds breaker_pause{30'000};
};

/// An endpoint like any other, also for a Loop. Each member but the last is asked once; the last
/// with the call's own RetryPolicy. The next one is asked after every failure that another could
/// avoid, but not where the answer may have been computed, and billed, already (RetryPolicy::
/// retry_paid allows that), and not where the request itself is refused. The error of a group says
/// what each member said. What the endpoint tells of its credentials are those of the first. An
/// Observer sees each member's part as a call of its own. A member whose own limits (with_limits)
/// are reached is passed over, but for the last, on which the call waits. Errors: invalid_request
/// if there is no member, a number makes no sense, or the members were opened on different clients.
EK_API Result<Endpoint> make_group(const std::vector<GroupMember>& members,
                                   const GroupOptions& options = {});

}  // namespace ek

#include "endpointkit/group.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>

#include "base/later.hpp"
#include "endpoint/group_state.hpp"

namespace ek {
namespace {

Error refuse(std::string message) {
  return {
      .code = ErrorCode::invalid_request, .phase = Phase::request, .message = std::move(message)};
}

Result<void> check(const GroupOptions& options) {
  if (options.order < GroupOrder::listed || options.order > GroupOrder::fastest)
    return refuse(fmt::format("GroupOptions::order is {}: expected one of the four of GroupOrder",
                              static_cast<int>(options.order)));
  if (options.breaker_failures < 1)
    return refuse(fmt::format("GroupOptions::breaker_failures is {}: expected 1 or more",
                              options.breaker_failures));
  if (options.breaker_pause.count() < 0)
    return refuse(fmt::format("GroupOptions::breaker_pause is {} ms: expected 0 or more",
                              options.breaker_pause.count()));
  if (!options.hedge) return {};
  if (options.hedge->after.count() < 0)
    return refuse(
        fmt::format("Hedge::after is {} ms: expected 0 or more", options.hedge->after.count()));
  if (!(options.hedge->most >= 0 && options.hedge->most <= 1))
    return refuse(
        fmt::format("Hedge::most is {}: expected a share from 0 to 1", options.hedge->most));
  return {};
}

}  // namespace

Result<Endpoint> make_group(const std::vector<GroupMember>& members, const GroupOptions& options) {
  if (auto good = check(options); !good) return std::move(good).error();
  if (members.empty()) return refuse("a group needs a member");
  std::vector<std::shared_ptr<const EndpointState>> endpoints;
  std::vector<double> weights;
  std::string uris;
  for (const GroupMember& member : members) {
    if (member.endpoint == nullptr) return refuse("a member of a group has no endpoint");
    const auto& endpoint = member.endpoint->state();
    if (endpoint->group) return refuse("a group cannot be a member of a group: list its members");
    if (!std::isfinite(member.weight) || member.weight <= 0) {
      return refuse(
          fmt::format("the weight of {} is {}: it must be above 0", endpoint->uri, member.weight));
    }
    if (!endpoints.empty() && endpoint->client != endpoints.front()->client) {
      return refuse(
          fmt::format("{} was opened on another client than {}: open all members of a "
                      "group on one",
                      endpoint->uri, endpoints.front()->uri));
    }
    endpoints.push_back(endpoint);
    weights.push_back(member.weight);
    uris += (uris.empty() ? "" : ", ") + endpoint->uri;
  }
  GroupOptions how = options;
  how.breaker_pause = bounded(how.breaker_pause);
  if (how.hedge) how.hedge->after = bounded(how.hedge->after);
  const auto client = endpoints.front()->client;
  const auto signer = endpoints.front()->signer;
  return Endpoint(std::make_shared<const EndpointState>(EndpointState{
      .client = client,
      .signer = signer,
      .uri = "group(" + uris + ")",
      .defaults = client->defaults(),
      .group = std::make_shared<GroupState>(std::move(endpoints), std::move(weights), how)}));
}

}  // namespace ek

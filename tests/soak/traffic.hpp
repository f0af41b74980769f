// Calls of every kind, one round of them after the other.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "endpointkit/endpointkit.hpp"

namespace ek::soak {

class Traffic {
 public:
  Traffic(const Client& client, const std::map<std::string, std::string>& emulator);

  /// Each kind of call once, on one of the clouds. False if one did not end as it must.
  bool round(int number);
  /// One call on each cloud.
  void touch();
  [[nodiscard]] long calls() const noexcept { return calls_; }
  /// What was wrong with the last round.
  [[nodiscard]] const std::string& complaint() const noexcept { return complaint_; }

 private:
  void whole(const Endpoint& endpoint);
  void streams(const Endpoint& endpoint);
  void cancelled(const Endpoint& endpoint);
  void faulty(const Endpoint& endpoint, int number);
  void grouped(int number);
  void looped(const Endpoint& endpoint, int number);
  void limited();
  void threaded(const Endpoint& endpoint);
  void expect(std::string_view what, const std::string& got, const std::string& wanted);

  const Client client_;
  std::vector<Endpoint> clouds_;
  std::vector<Endpoint> groups_;
  std::vector<Endpoint> limited_;
  long calls_ = 0;
  std::string complaint_;
};

}  // namespace ek::soak

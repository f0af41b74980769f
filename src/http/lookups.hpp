// Which names are being looked up.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/ext/transport.hpp"

namespace ek {

/// libcurl keeps the addresses of a name, but does not know that it is being looked up already: of
/// 256 exchanges that begin at once each would ask the resolver. So the first one leads and the
/// others wait for it. Threads: safe from all.
class Lookups {
 public:
  enum class Turn { begin, lead, wait, fail };
  enum class Outcome {
    found,       ///< Its addresses are known now.
    not_needed,  ///< There was a connection.
    failed,      ///< It has none: those that waited need not ask.
    given_up,    ///< Nobody knows.
  };

  /// As long others wait for the one that leads: its lane may not be driven.
  static constexpr std::chrono::seconds longest_wait{2};
  /// A little less than libcurl keeps addresses (CURLOPT_DNS_CACHE_TIMEOUT).
  static constexpr std::chrono::seconds kept{55};
  /// After a connection was used again nobody waits for so long: most have one, then.
  static constexpr std::chrono::seconds unneeded{5};

  /// What an exchange with `place`, "host:port" or a proxy's URL, shall do. Whoever leads says
  /// done(). Whoever waits asks again, and says since when it does, when its `lane` is woken or
  /// after longest_wait.
  Turn ask(std::string_view place, Lane& lane, std::optional<SteadyTime> waits_since,
           SteadyTime now);
  void done(std::string_view place, Outcome outcome, SteadyTime now);
  /// It is woken no more.
  void forget(const Lane& lane) noexcept;

 private:
  struct State {
    SteadyTime known_until = SteadyTime::min();
    SteadyTime failed_at = SteadyTime::min();
    std::optional<SteadyTime> led_since{};
    std::vector<Lane*> waiting{};
  };

  std::mutex mutex_;
  std::map<std::string, State, std::less<>> places_;
};

}  // namespace ek

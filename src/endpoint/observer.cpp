#include "endpointkit/observer.hpp"

namespace ek {

Observer::~Observer() = default;

std::string_view to_string(CallMoment::Kind kind) noexcept {
  switch (kind) {
    case CallMoment::Kind::attempt_started:
      return "attempt_started";
    case CallMoment::Kind::token_fetched:
      return "token_fetched";
    case CallMoment::Kind::headers:
      return "headers";
    case CallMoment::Kind::first_event:
      return "first_event";
    case CallMoment::Kind::attempt_failed:
      return "attempt_failed";
    case CallMoment::Kind::ended:
      return "ended";
  }
  return "unknown";
}

}  // namespace ek

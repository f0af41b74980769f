#include "endpointkit/credential_report.hpp"

namespace ek {

std::string_view to_string(CredentialReport::Outcome outcome) noexcept {
  using Outcome = CredentialReport::Outcome;
  switch (outcome) {
    case Outcome::answered:
      return "answered";
    case Outcome::not_configured:
      return "not configured";
    case Outcome::failed:
      return "failed";
    case Outcome::not_reached:
      return "not reached";
  }
  return "unknown";
}

}  // namespace ek

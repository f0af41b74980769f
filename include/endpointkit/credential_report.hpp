// How an identity was found, for a human who wonders why it was this one or none: each place that
// was looked at in order, what it said, who one is then and until when. Names of variables and
// files, never a value of one.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/error.hpp"
#include "endpointkit/export.hpp"

namespace ek {

struct CredentialReport {
  enum class Outcome {
    answered,        ///< This is who signs.
    not_configured,  ///< Nothing there; the search goes on. `message` says what was missing.
    failed,          ///< Configured and broken: the search ends, and calls fail with `message`.
    not_reached      ///< The search had ended before.
  };
  /// One place.
  struct Link {
    std::string name{};                    ///< "environment variables"
    std::vector<std::string> looked_at{};  ///< Names of variables.
    Outcome outcome = Outcome::not_reached;
    std::string message{};
    bool operator==(const Link&) const = default;
  };

  /// In the order of the search; empty for an identity that the program gave itself.
  std::vector<Link> links{};
  /// Who signs, or would without `error`: a shortened access key id, a service account, an
  /// application. "" if nobody was found.
  std::string identity{};
  /// When the keys or the token end; none for what does not end, or not foreseeably.
  std::optional<std::chrono::system_clock::time_point> expires{};
  /// What a call would fail with; none if it can be signed.
  std::optional<Error> error{};
};

/// "answered", "not configured", "failed", "not reached".
EK_API std::string_view to_string(CredentialReport::Outcome outcome) noexcept;

}  // namespace ek

// The error of everything that looks for an identity or fetches a token.
#pragma once

#include <string>
#include <utility>

#include "endpointkit/error.hpp"

namespace ek {

inline Error credentials_error(std::string message) {
  return {.code = ErrorCode::authentication,
          .phase = Phase::credentials,
          .message = std::move(message)};
}

}  // namespace ek

// The error of an identity that is wrong as the program gave it.
#pragma once

#include <string>
#include <utility>

#include "endpointkit/error.hpp"

namespace ek {

inline Error invalid_identity(std::string message) {
  return {.code = ErrorCode::invalid_request,
          .phase = Phase::credentials,
          .message = std::move(message)};
}

}  // namespace ek

// A real OpenAI-compatible server as the model behind the three clouds.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "endpointkit/secret.hpp"
#include "tools/emulator/generation.hpp"

namespace ek::emulator {

struct Upstream {
  std::string base_url{};            ///< With or without /v1 at its end.
  std::string model{};               ///< "" keeps the caller's.
  Secret key{};                      ///< "" sends none.
  std::function<bool()> stopping{};  ///< Asked now and then; true ends every wait. Must be set.
};

/// Errors: invalid_request unless it is https, or http to a loopback host.
Result<void> check_upstream(std::string_view base_url);

/// Sends the request as a streamed one and returns when the server has answered it; the rest is
/// read while next() is asked for, on a thread that ends with the generation.
/// Errors: model_error with the server's status as original_status; 0 if it could not be reached.
Result<std::unique_ptr<Generation>> ask_upstream(const Upstream& upstream,
                                                 std::string_view openai_json);

}  // namespace ek::emulator

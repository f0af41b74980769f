// Azure Machine Learning online endpoints: scoring routes and chat routes of the container.
// Options by key: dialect, base_url, deployment, model, scope; and those that Client::open() names.
#pragma once

#include <string>

#include "endpointkit/endpoint.hpp"

namespace ek::azure_ml {

struct Config {
  std::string host{};           ///< "my-endpoint.westeurope.inference.ml.azure.com"
  std::string path = "/score";  ///< "/score", "/chat/completions", "/v1/chat/completions", …
  std::string deployment{};     ///< Pins a deployment, past the traffic split.
  std::string dialect{};        ///< "" picks by path: "openai" for chat routes, else "raw".
  std::string scope{};          ///< Entra scope; "" picks by host.
  std::string base_url{};       ///< Instead of https://HOST.
};

/// Errors: invalid_request, naming the member that is wrong; or credentials of another cloud.
EK_API Result<Endpoint> open(const Client& client, const Config& config,
                             const Credentials& credentials = Credentials::from_environment());

}  // namespace ek::azure_ml

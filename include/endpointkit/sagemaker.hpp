// Amazon SageMaker real-time endpoints (SageMaker Runtime, API version 2017-05-13).
// Options by key: dialect, route, base_url, use_fips, use_dualstack, inference_component,
// target_variant, target_model, target_container, session_id, custom_attributes, inference_id.
#pragma once

#include <string>

#include "endpointkit/endpoint.hpp"

namespace ek::sagemaker {

struct Config {
  std::string region{};               ///< "eu-west-1"
  std::string endpoint{};             ///< The endpoint's name, at most 63 characters.
  std::string dialect = "openai";     ///< What the container speaks: "openai", "tgi", "raw".
  std::string inference_component{};  ///< Needed on endpoints made of inference components.
  std::string target_variant{};       ///< Pins a production variant.
  /// "openai": the OpenAI-compatible route, chat completions only, for containers such as vLLM. AWS
  /// keys become a bearer token there; the identity needs sagemaker:CallWithBearerToken.
  std::string route{};
  bool use_fips = false;       ///< Hosts with FIPS 140 validated cryptography.
  bool use_dualstack = false;  ///< Hosts that are reached over IPv6 too.
  std::string base_url{};      ///< Instead of the region's host: PrivateLink, an emulator.
};

/// Errors: invalid_request, naming the member that is wrong; or credentials of another cloud.
EK_API Result<Endpoint> open(const Client& client, const Config& config,
                             const Credentials& credentials = Credentials::from_environment());

}  // namespace ek::sagemaker

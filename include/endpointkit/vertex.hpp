// Google Vertex AI: deployed endpoints (rawPredict, chat/completions) and publisher models
// (generateContent). Options by key: dialect, base_url, model, method (of an endpoint of one's own:
// "predict", "rawPredict"), quota_project, request_type, api_version; and those that Client::open()
// names.
#pragma once

#include <string>

#include "endpointkit/endpoint.hpp"

namespace ek::vertex {

struct Config {
  std::string project{};   ///< Id or number.
  std::string location{};  ///< "europe-west4", "us", "eu" or "global".
  /// "1234567890" or "openapi" (an endpoint), or "publishers/google/models/gemini-2.5-flash".
  std::string resource{};
  std::string
      dialect{};  ///< "" picks by resource: "gemini" for Google's models, "openai" for endpoints.
  std::string model{};     ///< For the "openapi" endpoint: "meta/llama-…-maas".
  std::string base_url{};  ///< A dedicated endpoint's DNS name as URL, or an emulator.
};

/// Errors: invalid_request, naming the member that is wrong; or credentials of another cloud.
EK_API Result<Endpoint> open(const Client& client, const Config& config,
                             const Credentials& credentials = Credentials::from_environment());

}  // namespace ek::vertex

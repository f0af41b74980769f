// What a CURLcode means to a caller: one table.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <string_view>

#include "endpointkit/error.hpp"

namespace ek {

struct CurlFailure {
  CURLcode code = CURLE_OK;
  std::string_view detail{};  ///< libcurl's own words, from CURLOPT_ERRORBUFFER.
  std::string_view host{};    ///< For the message.
  std::string_view trust{};   ///< Where the trusted roots come from.
  std::chrono::milliseconds connect_timeout{};
  bool begun = false;   ///< The request began to go out.
  bool headed = false;  ///< The response headers were complete.
};

/// Pure. truncated/stream once the headers came, else what the table says.
Error explain_curl(const CurlFailure& failure);

}  // namespace ek

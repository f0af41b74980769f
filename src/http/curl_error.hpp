// What a CURLcode means to a caller: one table.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <string_view>

#include "endpointkit/error.hpp"

namespace ek {

struct CurlFailure {
  CURLcode code = CURLE_OK;
  std::string_view detail{};            ///< libcurl's own words, from CURLOPT_ERRORBUFFER.
  std::string_view host{};              ///< For the message.
  std::string_view trust{};             ///< Where the trusted roots come from.
  std::string_view proxy{};             ///< The one that was asked, and who named it; "" for none.
  std::string_view route{};             ///< Where the host is routed to; "" if nowhere else.
  std::string_view thumbprint{};        ///< That the server's certificate must have; "" for any.
  std::string_view found_thumbprint{};  ///< That it had.
  std::chrono::milliseconds connect_timeout{};
  bool begun = false;       ///< The request began to go out.
  bool sent = false;        ///< And went out whole.
  bool may_resend = false;  ///< So lately that a kept connection may have been dead already.
  bool refused = false;     ///< The server said that it does not look at it.
  bool http2 = false;       ///< The host is known to speak it.
  bool headed = false;      ///< The response headers were complete.
};

/// Pure. truncated/stream once the headers came, else what the table says.
Error explain_curl(const CurlFailure& failure);

}  // namespace ek

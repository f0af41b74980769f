// What the lanes of one curl transport have in common.
#pragma once

#include "http/ca_store.hpp"
#include "http/curl_share.hpp"
#include "http/curl_transport.hpp"

namespace ek {

struct CurlContext {
  explicit CurlContext(const HttpOptions& wanted)
      : options(wanted), roots(wanted.ca_file, wanted.environment) {}

  const HttpOptions options;
  CaStore roots;
  CurlShare share;
};

}  // namespace ek

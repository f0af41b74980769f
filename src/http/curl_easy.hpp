// Easy handles with all that is the same for every request of a transport.
#pragma once

#include "http/curl_context.hpp"
#include "http/curl_exchange.hpp"

namespace ek {

/// Null if libcurl has no memory. What differs from one request to the next is set, each time and
/// completely, by CurlExchange::attach(), so that handles need no reset between two requests.
EasyHandle make_easy(CurlContext& context);

}  // namespace ek

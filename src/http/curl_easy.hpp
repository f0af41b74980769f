// Easy handles with all that is the same for every request of a transport.
#pragma once

#include "http/curl_context.hpp"
#include "http/curl_exchange.hpp"

namespace ek {

/// Null if libcurl has no memory. What differs from one request to the next is set, each time and
/// completely, by CurlExchange::attach(), so that handles need no reset between two requests.
EasyHandle make_easy(CurlContext& context);

/// A CURLOPT_SOCKOPTFUNCTION: what make_easy() sets, for those who set another.
int on_new_socket(void*, curl_socket_t socket, curlsocktype);

}  // namespace ek

#include "http/curl_global.hpp"

#include <curl/curl.h>

namespace ek {

bool init_curl() noexcept {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  return code == CURLE_OK;
}

}  // namespace ek

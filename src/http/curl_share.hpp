// What the lanes of one transport share inside libcurl: DNS answers and TLS sessions. Connections
// are not shared, for libcurl does not allow it between threads.
#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <mutex>

namespace ek {

/// Threads: any; every access of libcurl to the shared data takes its lock.
class CurlShare {
 public:
  CurlShare();
  ~CurlShare();
  CurlShare(const CurlShare&) = delete;
  CurlShare& operator=(const CurlShare&) = delete;

  /// For CURLOPT_SHARE; null if libcurl could not make one, which means not sharing.
  [[nodiscard]] CURLSH* handle() const noexcept { return handle_; }

 private:
  static void lock(CURL* easy, curl_lock_data data, curl_lock_access access, void* self);
  static void unlock(CURL* easy, curl_lock_data data, void* self);

  std::array<std::mutex, CURL_LOCK_DATA_LAST> locks_;
  CURLSH* handle_;
};

}  // namespace ek

// Which hosts answer in HTTP/2.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace ek {

/// A request to one of them may wait for a connection that is being made, to be a stream on it
/// (CURLOPT_PIPEWAIT). To others it must not: libcurl (8.14) has those that wait for what turns out
/// to be HTTP/1.1 wait until the answer on it is over. Threads: safe from all.
class Http2Hosts {
 public:
  [[nodiscard]] bool has(std::string_view url) const;
  /// How the host of `url` has answered last.
  void learn(std::string_view url, bool speaks_http2);

 private:
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> hosts_;
};

}  // namespace ek

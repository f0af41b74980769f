// What libcurl before 8.1 says of HTTP/2 in its verbose words alone.
#pragma once

#include <curl/curl.h>

#include <cstddef>

#include "endpointkit/network.hpp"

namespace ek {

/// Version 8.1 rewrote it: before, finished streams are reset as if they were not, and a request
/// that a GOAWAY refused fails like any other.
bool has_sound_http2() noexcept;
/// Whether HTTP/2 is offered to servers on https.
bool offers_http2(HttpVersion wanted) noexcept;

/// Listens to one exchange. RFC 9113 §6.8: a server looks at no stream above the last that its
/// GOAWAY names, so such a request may be sent again, whatever it costs.
class Http2Words {
 public:
  /// Nothing, unless `wanted` and this libcurl make it necessary. Lifetime: until stop().
  void listen(CURL* easy, HttpVersion wanted);
  void stop(CURL* easy) noexcept;
  /// Whether the server has said that it does not look at this request.
  [[nodiscard]] bool refused() const noexcept { return stream_ > 0 && stream_ > last_looked_at_; }
  /// Whether it has said that it may have done so, and closes the connection.
  [[nodiscard]] bool looked_at() const noexcept {
    return last_looked_at_ != every_stream && stream_ <= last_looked_at_;
  }

 private:
  static int on_words(CURL* easy, curl_infotype type, char* text, std::size_t size, void* self);

  static constexpr long every_stream = 0x7fffffff;
  bool listening_ = false;
  long stream_ = 0;
  long last_looked_at_ = every_stream;
};

}  // namespace ek

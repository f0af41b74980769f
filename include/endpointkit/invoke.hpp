// Raw bytes in, raw bytes out: any model, any format. What the model's container gets is exactly
// `body`; what it answers is handed out unchanged.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ek {

/// One HTTP header field. `sensitive` values are shown as "***" wherever they are printed.
struct Header {
  std::string name{};
  std::string value{};
  bool sensitive = false;
  bool operator==(const Header&) const = default;
};

struct InvokeRequest {
  std::string body{};
  std::string content_type = "application/json";
  std::string accept{};           ///< Wanted type of the answer; "" leaves it to the container.
  std::vector<Header> headers{};  ///< Sent as well, and signed where the scheme signs headers.
};

struct InvokeReply {
  std::string body{};
  std::string content_type{};  ///< The container's own.
  std::string request_id{};
  std::vector<Header> headers{};  ///< All of the response.
};

}  // namespace ek

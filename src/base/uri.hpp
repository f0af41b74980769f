// Absolute URIs (RFC 3986), as far as endpoints need them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/error.hpp"

namespace ek {

struct Uri {
  std::string scheme{};
  std::string host{};  ///< With brackets around an IPv6 literal; no port.
  int port = 0;        ///< 0 if none stands there.
  std::string path{};  ///< As it stands, percent-encoded; "" or beginning with '/'.
  std::vector<std::pair<std::string, std::string>> query{};  ///< Decoded, in order.

  /// host[:port]
  [[nodiscard]] std::string authority() const;
};

/// Errors: invalid_request, naming what is wrong with which text. Userinfo and fragments are
/// refused.
Result<Uri> parse_uri(std::string_view text);
/// A base URL as users write it, without the slash at its end. Errors: invalid_request if it is no
/// http or https URL, or has a query; `where_from` names the option or variable.
Result<std::string> check_base_url(std::string_view url, std::string_view where_from);

/// Encodes everything but A-Z a-z 0-9 - . _ ~ (RFC 3986 §2.3), upper-case hex. `keep` lists more
/// characters to leave alone.
std::string percent_encode(std::string_view text, std::string_view keep = "");
void append_percent_encoded(std::string& out, std::string_view text, std::string_view keep = "");
/// Decodes %XX; a '%' that is not followed by two hex digits stays as it is.
std::string percent_decode(std::string_view text);

/// True for localhost, 127.0.0.0/8 and [::1]: the hosts that a secret may be sent to over plain
/// http.
bool is_loopback(std::string_view host) noexcept;
/// Letters, digits and inner hyphens, 1 to 63: a DNS label (RFC 1123).
bool is_host_label(std::string_view text) noexcept;

}  // namespace ek

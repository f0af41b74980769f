// The answers of Entra and of managed identity hosts, which tell the end of a token in many ways.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "endpointkit/error.hpp"
#include "endpointkit/secret.hpp"
#include "signing/token_cache.hpp"

namespace ek {

struct EntraReply {
  Secret access_token{};
  std::chrono::sys_seconds expires{};
  std::optional<std::chrono::seconds> refresh_in{};
};

/// `expires_in` (seconds) goes before `expires_on` (seconds since 1970, RFC 3339, an HTTP date, or
/// "11/25/2026 12:00:00 PM +00:00" of App Service); numbers may be texts. An answer without both is
/// believed for five minutes. Errors: server_error/credentials if `body` holds no access token, or
/// nothing sensible about its end.
Result<EntraReply> parse_entra_reply(std::string_view body, std::chrono::sys_seconds now);

/// For the cache. Lives of more than a year are cut: no clock arithmetic may overflow.
Token as_token(EntraReply reply, std::chrono::sys_seconds now);

/// parse_entra_reply() and as_token().
Result<Token> parse_entra_token(std::string_view body, std::chrono::sys_seconds now);

}  // namespace ek

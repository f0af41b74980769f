// The part that all OAuth 2.0 token endpoints share (RFC 6749 §5): form in, JSON out.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/scrub.hpp"
#include "endpointkit/error.hpp"
#include "endpointkit/ext/transport.hpp"
#include "signing/signer.hpp"
#include "signing/token_cache.hpp"

namespace ek {

using FormFields = std::vector<std::pair<std::string_view, std::string_view>>;
/// A POST of application/x-www-form-urlencoded.
HttpRequest form_request(std::string url, const FormFields& fields);

/// A successful answer of a token endpoint.
struct TokenReply {
  Secret access_token{};
  std::optional<std::chrono::seconds> expires_in{};
  std::optional<std::chrono::seconds> refresh_in{};
};
/// Numbers may come as strings. Errors: server_error/credentials if `body` holds no access token,
/// or an expires_in that is no number.
Result<TokenReply> parse_token_reply(std::string_view body);

/// What an error answer says. Members that are not there are empty.
struct OAuthError {
  std::string error{};        ///< "invalid_grant"; the status text where `error` is an object.
  std::string description{};  ///< One line; of a body that is not JSON its beginning.
  std::string trace_id{};
  std::string correlation_id{};
};
OAuthError parse_oauth_error(std::string_view body);
/// True if the same request can succeed in a moment.
bool is_passing(int http_status, const OAuthError& error);
/// The same for no answer at all, as fetch() tells of it. What was lost on the way may be asked for
/// again, since a token costs nothing; a server that is not trusted stays so, and a proxy that lets
/// nobody pass.
bool is_passing(const Error& failure) noexcept;
/// True for an answer without a token, whatever its status.
bool is_refusal(const HttpResponse& response);

/// The Error for a refusal; `who` is the service, `advice` a sentence or "".
Error refusal(std::string_view who, const HttpResponse& response, std::string_view advice);

/// Sends to a token endpoint. One failure that may pass (no connection, 408, 429, 5xx) is tried
/// again at once and once: an idle connection that was closed is the usual reason. Waiting longer
/// is left to the retry of the call, which knows its time. `make` is called for each try.
/// `route` says how to get there: its connect timeout, proxy and size limit are taken.
/// Errors: those of fetch(), naming `who`; retryable where is_passing() says so.
Result<HttpResponse> ask_token_service(const SigningServices& services, const SignContext& context,
                                       std::string_view who,
                                       const std::function<Result<HttpRequest>()>& make,
                                       const FetchOptions& route = {});

}  // namespace ek

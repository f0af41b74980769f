// What an HTTP error means where the body does not say it, and the text of bodies that are no JSON.
#pragma once

#include <string>
#include <string_view>

#include "endpointkit/error.hpp"
#include "endpointkit/ext/transport.hpp"

namespace ek {

/// Code, `retryable` and a message by status alone (RFC 9110 §15, 529 as some providers use it).
Error error_by_status(int status);

/// What an error body means: an error object of any known shape, else the status and the body's
/// text.
Error explain_body(int status, std::string_view body);

/// The text a human should see of an error body: an HTML page's title, or the trimmed text. "" if
/// empty.
std::string body_text(std::string_view body);

/// The permission or action that a refusal names in quotes, as Google ("Permission 'x' denied on
/// …") and Azure ("does not have authorization to perform action 'x' over …") do; else `usual`.
std::string needed_permission(std::string_view message, std::string_view usual);

}  // namespace ek

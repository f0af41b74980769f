// Options by key and text, with the errors a user can act on.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "endpointkit/endpoint.hpp"
#include "endpointkit/error.hpp"
#include "endpointkit/ext/environment.hpp"

namespace ek {

Error invalid(std::string message);

/// The option's text, or `fallback` if it is not set.
std::string option(const EndpointOptions& options, std::string_view key,
                   std::string_view fallback = "");

/// The pairs whose value is not "".
EndpointOptions set_options(
    std::initializer_list<std::pair<std::string_view, std::string_view>> pairs);

/// Errors: invalid_request, naming the first key that is not in `known` and listing those.
Result<void> check_known(const EndpointOptions& options, std::string_view cloud,
                         std::initializer_list<std::string_view> known);

/// Takes max_in_flight, requests_per_minute and tokens_per_minute, which every cloud knows, out of
/// `options`; none if none is set. Errors: invalid_request for what is no number.
Result<std::optional<Limits>> take_limits(EndpointOptions& options);

/// Takes the keys of set_call_default(), which every cloud knows, out of `options`.
EndpointOptions take_call_defaults(EndpointOptions& options);

/// A variable's value, or "" if it is unset.
std::string variable(const Environment& environment, const std::string& name);

}  // namespace ek

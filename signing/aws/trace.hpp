// X-Ray's header of the call that a Lambda function serves. Handed on, it lets AWS stop functions
// that call each other for ever.
#pragma once

#include <optional>
#include <vector>

#include "endpointkit/ext/environment.hpp"
#include "endpointkit/ext/transport.hpp"

namespace ek {

/// Whether this process serves a Lambda function (AWS_LAMBDA_FUNCTION_NAME); it does so all its
/// life.
bool in_lambda(const Environment& environment);

/// X-Amzn-Trace-Id out of _X_AMZN_TRACE_ID; none outside of Lambda, or
/// if `headers` have one. Bytes that a header may not hold are percent-encoded.
std::optional<Header> lambda_trace_header(const Environment& environment,
                                          const std::vector<Header>& headers);

}  // namespace ek

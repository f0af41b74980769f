// What the encoders of all dialects share.
#pragma once

#include <string>
#include <vector>

#include "dialect/json_build.hpp"
#include "endpointkit/chat.hpp"
#include "endpointkit/error.hpp"

namespace ek::dialect {

/// Errors: invalid_request for what no dialect can say: no message, numbers that are no numbers,
/// tool schemas that are no JSON objects, a tool_choice that names no tool, an image of nothing, a
/// tool message without a result.
Result<void> check_request(const ChatRequest& request);

std::string strings_text(const std::vector<std::string>& strings);

/// The body with `extra` merged in last.
/// Errors: invalid_request if `extra` is no JSON object.
Result<std::string> merge_extra(ObjectText body, const JsonText& extra);

}  // namespace ek::dialect

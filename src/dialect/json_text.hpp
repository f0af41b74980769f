// The chat vocabulary as JSON text, the same for every model: what `endpointkit --json`, the
// decode command and the C API read and write. Pure; all text in and out is UTF-8.
//
// A request:
//   {"messages": [{"role": "system" | "user" | "assistant" | "tool", "content": "text" | [PART…]}],
//    "model", "max_tokens", "temperature", "top_p", "seed", "stop": "text" | ["text"…],
//    "tools": [{"name", "description", "parameters": {…}}], "tool_choice", "extra": {…}}
// A PART, and what a reply's message consists of:
//   {"type": "text", "text", "signature"}
//   {"type": "image", "mime_type", "data"} (base64) or {"type": "image", "url", "mime_type"}
//   {"type": "reasoning", "text", "signature"}
//   {"type": "tool_call", "id", "name", "arguments": {…} | "text that is not JSON", "signature"}
//   {"type": "tool_result", "tool_call_id", "name", "content", "is_error"}
//   {"type": "provider", "dialect", "json": …}
// An event:
//   {"type": "text" | "reasoning", "text"}
//   {"type": "signature", "of": "text" | "reasoning" | "tool_call" | "image", "index", "signature"}
//   {"type": "tool_call", "index", "id", "name"}   {"type": "tool_arguments", "index", "text"}
//   {"type": "image", …as the part}                {"type": "usage", "usage": USAGE}
//   {"type": "provider", "name", "json": …, "part": true | false}
//   {"type": "heartbeat"}   {"type": "finished", "reason", "provider_reason", "usage": USAGE}
// USAGE: {"input_tokens", "output_tokens", "total_tokens", "reasoning_tokens",
//         "cache_read_tokens", "raw": {…}}; counts that the provider did not send are left out.
#pragma once

#include <string>
#include <string_view>

#include "endpointkit/chat.hpp"
#include "endpointkit/credential_report.hpp"
#include "endpointkit/error.hpp"

namespace ek::dialect {

/// One line. Text that is not UTF-8 gets U+FFFD where it is broken; JsonText that is not JSON
/// becomes a JSON string.
std::string to_json(const ChatEvent& event);
/// {"message": {"role", "content": [PART…]}, "finish_reason", "provider_reason", "usage", "model",
/// "id", "raw"}.
std::string to_json(const ChatReply& reply);
/// A conversation as parse_chat_request() reads it back, the same value but for space between the
/// tokens of JsonText.
std::string to_json(const ChatRequest& request);
/// All members of an Error by their names; "code" and "phase" by to_string(), "retry_after_ms";
/// members that the provider did not send are left out.
std::string to_json(const Error& error);
/// {"links": [{"name", "looked_at": ["…"], "outcome", "message"}…], "identity", "expires",
/// "provider_says", "error"}; null for what is not known.
std::string to_json(const CredentialReport& report, std::string_view provider_says = {});

/// Errors: invalid_request with the path of the member that is wrong
/// ("messages[1].content[0].type"). A member that is not known is an error too: it would be dropped
/// in silence.
Result<ChatRequest> parse_chat_request(std::string_view json);

}  // namespace ek::dialect

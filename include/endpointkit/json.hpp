// Opt-in and inline: JsonText to nlohmann::json and back, compiled with your own copy of that
// library.
#pragma once

#include <nlohmann/json.hpp>

#include "endpointkit/chat.hpp"

namespace ek {

/// Throws nlohmann's parse_error if the text is not JSON.
inline nlohmann::json to_json(const JsonText& text) { return nlohmann::json::parse(text.text); }
inline JsonText to_text(const nlohmann::json& json) { return {json.dump()}; }

}  // namespace ek

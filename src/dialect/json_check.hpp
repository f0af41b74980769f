// Whether text is JSON.
#pragma once

#include <string_view>

namespace ek::dialect {

/// One value of RFC 8259 in UTF-8, with or without a byte order mark, nested as deep as it likes.
/// An escaped surrogate may stand alone: servers that count in UTF-16 cut characters in two.
bool is_json(std::string_view text);

}  // namespace ek::dialect

// What the list of clouds can be asked for, besides Client::open().
#pragma once

#include <string_view>

namespace ek {

/// Whether a URI "SCHEME://…" can be opened.
bool has_scheme(std::string_view scheme) noexcept;

}  // namespace ek

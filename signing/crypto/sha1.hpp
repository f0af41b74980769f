// SHA-1 (FIPS 180-4), for the names of files and certificates where others chose it. Proves
// nothing.
#pragma once

#include <string>
#include <string_view>

namespace ek {

/// 20 bytes.
std::string sha1(std::string_view bytes);

}  // namespace ek

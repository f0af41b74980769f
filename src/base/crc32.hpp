// CRC-32 (IEEE 802.3, reflected, as in zlib).
#pragma once

#include <cstdint>
#include <string_view>

namespace ek {

/// Continue a sum by passing the previous one.
std::uint32_t crc32(std::string_view bytes, std::uint32_t previous = 0) noexcept;

}  // namespace ek

#include "base/uuid.hpp"

#include <fmt/format.h>

namespace ek {

std::string make_uuid(const std::function<double()>& random) {
  std::string text;
  for (int i = 0; i < 16; ++i) {
    auto byte = static_cast<unsigned>(random() * 256.0) & 255U;
    if (i == 6) byte = (byte & 0x0FU) | 0x40U;
    if (i == 8) byte = (byte & 0x3FU) | 0x80U;
    text += fmt::format("{:02x}", byte);
    if (i == 3 || i == 5 || i == 7 || i == 9) text += '-';
  }
  return text;
}

}  // namespace ek

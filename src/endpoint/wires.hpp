// Which framing each public Wire is; their names are in ext/decoder.hpp.
#pragma once

#include <optional>

#include "endpointkit/ext/decoder.hpp"
#include "wire/detect.hpp"

namespace ek {

/// Wire::detect for plain text, which has no name.
Wire wire_of(wire::Framing framing) noexcept;
/// None for Wire::detect.
std::optional<wire::Framing> framing_of(Wire wire) noexcept;

}  // namespace ek

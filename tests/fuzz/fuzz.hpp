// What every fuzz target asserts: where the bytes are cut does not change what comes out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "wire/decoder.hpp"

namespace ek::fuzz {

/// Runs the decoder over `input` whole and in pieces whose sizes its first bytes give; aborts if
/// frames, error or its persistence differ.
void check_cuts(std::string_view input,
                const std::function<std::unique_ptr<wire::Decoder>()>& make);

}  // namespace ek::fuzz

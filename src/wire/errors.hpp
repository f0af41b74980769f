// The three ways in which a framing fails.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "endpointkit/error.hpp"

namespace ek::wire {

/// server_error/decode: the bytes break the framing.
Error broken_framing(std::string message);
/// truncated/stream: the body ended inside `what`.
Error cut_inside(std::string_view what);
/// server_error/decode: `what` is larger than the decoder was told to hold.
Error too_large(std::string_view what, std::size_t max_bytes);
/// The beginning of `bytes`, fit for a message.
std::string excerpt(std::string_view bytes);

}  // namespace ek::wire

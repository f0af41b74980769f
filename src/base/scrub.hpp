// Takes a secret out of a text that others wrote and that may echo it.
#pragma once

#include <string>

#include "endpointkit/secret.hpp"

namespace ek {

/// Puts "***" in the place of `secret`, raw or percent-encoded. One of fewer than 6 bytes stays.
void scrub(std::string& text, const Secret& secret);

}  // namespace ek

// Random UUIDs (RFC 9562 §5.4), for ids that logs can be searched for.
#pragma once

#include <functional>
#include <string>

namespace ek {

/// "00000000-0000-4000-8000-000000000000" out of 4 calls of `random`, which gives numbers in
/// [0, 1). Not for secrets.
std::string make_uuid(const std::function<double()>& random);

}  // namespace ek

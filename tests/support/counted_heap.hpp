// Counts what C++ code has allocated. Linked into a program, its source replaces operator new
// there; what C libraries take by malloc does not count.
#pragma once

#include <cstdint>

namespace ek::testing {

/// Bytes allocated by operator new and not freed, in all threads.
std::int64_t heap_bytes() noexcept;

}  // namespace ek::testing

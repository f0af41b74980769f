// What this process has taken of the machine.
#pragma once

#include <cstdint>

namespace ek::soak {

struct Usage {
  std::int64_t descriptors = 0;
  std::int64_t heap_bytes = 0;  ///< In use, by malloc and by operator new.
  std::int64_t threads = 0;
};

Usage current_usage();

}  // namespace ek::soak

#include "soak/usage.hpp"

#include <malloc.h>

#include <filesystem>

namespace ek::soak {
namespace {

std::int64_t entries(const char* folder) {
  std::int64_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

}  // namespace

Usage current_usage() {
  const struct mallinfo2 heap = mallinfo2();
  return {.descriptors = entries("/proc/self/fd") - 1,  // the iterator's own
          .heap_bytes = static_cast<std::int64_t>(heap.uordblks + heap.hblkhd),
          .threads = entries("/proc/self/task")};
}

}  // namespace ek::soak

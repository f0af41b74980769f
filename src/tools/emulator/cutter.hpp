// Cuts a stream of bytes where it hurts: inside lines, inside UTF-8 characters, over the borders of
// what was written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ek::emulator {

/// Deterministic: the same seed and the same bytes give the same borders. The pieces joined are the
/// bytes; after any append, at most 24 bytes are kept back for the next.
class Cutter {
 public:
  explicit Cutter(std::uint64_t seed) : state_(seed) {}

  /// The pieces that are due now; none of them is empty.
  std::vector<std::string> append(std::string_view bytes);
  /// What was kept back.
  std::vector<std::string> finish();

 private:
  std::size_t below(std::size_t limit);
  /// A border in [1, size): inside a character if there is one, else anywhere.
  std::size_t border(std::string_view bytes);

  std::uint64_t state_;
  std::string kept_;
};

}  // namespace ek::emulator

#include "tools/emulator/cutter.hpp"

#include <algorithm>

namespace ek::emulator {

std::size_t Cutter::below(std::size_t limit) {
  // Knuth's MMIX generator; its high bits are the good ones.
  state_ = state_ * 6364136223846793005U + 1442695040888963407U;
  return static_cast<std::size_t>((state_ >> 33U) % limit);
}

std::size_t Cutter::border(std::string_view bytes) {
  const auto inside = std::find_if(bytes.begin() + 1, bytes.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
  });
  if (inside != bytes.end() && below(3) != 0) {
    return static_cast<std::size_t>(inside - bytes.begin());
  }
  return 1 + below(bytes.size() - 1);
}

std::vector<std::string> Cutter::append(std::string_view bytes) {
  constexpr std::size_t max_kept = 24;
  kept_ += bytes;
  std::vector<std::string> pieces;
  if (kept_.size() < 2) return pieces;
  const std::size_t tail = below(std::min(max_kept, kept_.size() - 1) + 1);
  std::string due = kept_.substr(0, kept_.size() - tail);
  kept_.erase(0, due.size());
  if (due.size() > 1 && below(2) == 0) {
    const std::size_t at = border(due);
    pieces.push_back(due.substr(0, at));
    due.erase(0, at);
  }
  pieces.push_back(std::move(due));
  return pieces;
}

std::vector<std::string> Cutter::finish() {
  std::vector<std::string> pieces;
  if (kept_.size() > 1) {
    const std::size_t at = border(kept_);
    pieces.push_back(kept_.substr(0, at));
    kept_.erase(0, at);
  }
  if (!kept_.empty()) pieces.push_back(std::move(kept_));
  kept_.clear();
  return pieces;
}

}  // namespace ek::emulator

#include "wire/buffer.hpp"

#include <algorithm>

namespace ek::wire {

void Buffer::append(std::string_view bytes) {
  if (begin_ == bytes_.size()) {
    bytes_.clear();
    begin_ = 0;
  } else if (begin_ > bytes_.size() / 2) {
    bytes_.erase(0, begin_);  // moves less than was consumed since the last time
    begin_ = 0;
  }
  bytes_ += bytes;
}

void Buffer::skip_blanks() noexcept {
  begin_ += std::min(rest().find_first_not_of(" \t\r\n"), rest().size());
}

bool Buffer::skip_bom(bool last) noexcept {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  if (started_) return true;
  if (rest().size() < mark.size() && mark.starts_with(rest()) && !last) return false;
  started_ = true;
  if (rest().starts_with(mark)) consume(mark.size());
  return true;
}

}  // namespace ek::wire

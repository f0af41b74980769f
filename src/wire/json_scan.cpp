#include "wire/json_scan.hpp"

#include "base/text.hpp"

namespace ek::wire {

// Position behind the quote that closes the string, or npos.
std::size_t JsonScan::string_end(std::string_view bytes, std::size_t from) noexcept {
  for (std::size_t i = from; i < bytes.size(); ++i) {
    if (escaped_) {
      escaped_ = false;
    } else if (bytes[i] == '\\') {
      escaped_ = true;
    } else if (bytes[i] == '"') {
      in_string_ = false;
      return i + 1;
    }
  }
  return npos;
}

std::size_t JsonScan::feed(std::string_view bytes) noexcept {
  std::size_t i = 0;
  while (i < bytes.size()) {
    if (in_string_) {
      i = string_end(bytes, i);
      if (i == npos) return npos;
      if (depth_ == 0) return i;
      continue;
    }
    const char c = bytes[i++];
    if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (c == '}' || c == ']') {
      if (depth_ <= 1) return i;
      --depth_;
    }
  }
  return npos;
}

bool is_whole(std::string_view text) noexcept {
  text = trim(text);
  if (text.empty() || !is_scannable(text.front())) return true;
  return JsonScan().feed(text) != JsonScan::npos;
}

}  // namespace ek::wire

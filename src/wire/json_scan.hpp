// Finds where a JSON value ends, without reading what it says.
#pragma once

#include <cstddef>
#include <string_view>

namespace ek::wire {

/// Follows one value that begins with '{', '[' or '"', in pieces cut anywhere.
class JsonScan {
 public:
  /// How many of `bytes` belong to the value, if it ends in them; npos if it goes on.
  std::size_t feed(std::string_view bytes) noexcept;
  [[nodiscard]] bool in_string() const noexcept { return in_string_; }

  static constexpr std::size_t npos = std::string_view::npos;

 private:
  [[nodiscard]] std::size_t string_end(std::string_view bytes, std::size_t from) noexcept;

  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

/// True for the first byte of a value that JsonScan can follow.
constexpr bool is_scannable(char first) noexcept {
  return first == '{' || first == '[' || first == '"';
}
/// False if `text` begins like a JSON object, array or string and ends before it does.
bool is_whole(std::string_view text) noexcept;

}  // namespace ek::wire

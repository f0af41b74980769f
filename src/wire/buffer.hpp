// The bytes of a stream that are not decoded yet: appended at one end, consumed at the other.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ek::wire {

/// Memory moves at most once per byte on average, whatever sizes come in and go out.
class Buffer {
 public:
  void append(std::string_view bytes);
  void consume(std::size_t bytes) noexcept { begin_ += bytes; }
  /// What is left. Lifetime: until the next append().
  [[nodiscard]] std::string_view rest() const noexcept {
    return std::string_view(bytes_).substr(begin_);
  }
  /// Consumes spaces, tabs and line ends.
  void skip_blanks() noexcept;
  /// Consumes a UTF-8 byte order mark at the very start of the stream. False if it takes more bytes
  /// to tell; `last` says that none will come.
  bool skip_bom(bool last) noexcept;

 private:
  std::string bytes_;
  std::size_t begin_ = 0;
  bool started_ = false;
};

}  // namespace ek::wire

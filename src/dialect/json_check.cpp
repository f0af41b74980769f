#include "dialect/json_check.hpp"

#include <string>

#include "base/json_string.hpp"
#include "base/text.hpp"

namespace ek::dialect {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_hex(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Reads one value token by token; what is open stands in `open_`, so depth costs no stack.
class Checker {
 public:
  explicit Checker(std::string_view text) noexcept : text_(text) {}

  bool run() {
    if (!value()) return false;
    while (!open_.empty()) {
      space();
      const char closer = open_.back() == '{' ? '}' : ']';
      if (take(closer)) {
        open_.pop_back();
      } else if (!take(',') || !element()) {
        return false;
      }
    }
    space();
    return at_ == text_.size();
  }

 private:
  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) noexcept {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void space() noexcept {
    while (peek() == ' ' || peek() == '\t' || peek() == '\r' || peek() == '\n') ++at_;
  }

  // The next element of what is open, with its key in an object.
  bool element() {
    if (open_.back() == '{') {
      space();
      if (!string()) return false;
      space();
      if (!take(':')) return false;
    }
    return value();
  }

  // A scalar, an empty container, or the way down to the first scalar of a nested one.
  bool value() {
    while (true) {
      space();
      const char c = peek();
      if (c != '{' && c != '[') return scalar(c);
      ++at_;
      space();
      if (take(c == '{' ? '}' : ']')) return true;
      open_ += c;
      if (c == '{' && !(string() && colon())) return false;
    }
  }
  bool colon() noexcept {
    space();
    return take(':');
  }

  bool scalar(char c) noexcept {
    if (c == '"') return string();
    if (c == 't') return word("true");
    if (c == 'f') return word("false");
    if (c == 'n') return word("null");
    return number();
  }
  bool word(std::string_view wanted) noexcept {
    if (text_.substr(at_, wanted.size()) != wanted) return false;
    at_ += wanted.size();
    return true;
  }

  bool string() noexcept {
    if (!take('"')) return false;
    while ((at_ = plain_end(text_, at_)) < text_.size()) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') return take('"');
      if (c < 0x20) return false;
      if (c == '\\') {
        if (!escape()) return false;
      } else {
        const std::size_t length = utf8_length(text_.substr(at_));
        if (length == 0) return false;
        at_ += length;
      }
    }
    return false;
  }
  bool escape() noexcept {
    ++at_;
    const char c = peek();
    ++at_;
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    for (int i = 0; i < 4; ++i) {
      if (!is_hex(peek())) return false;
      ++at_;
    }
    return true;
  }

  bool digits() noexcept {
    if (!is_digit(peek())) return false;
    while (is_digit(peek())) ++at_;
    return true;
  }
  bool number() noexcept {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (peek() != 'e' && peek() != 'E') return true;
    ++at_;
    if (!take('+')) take('-');
    return digits();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string open_;
};

}  // namespace

bool is_json(std::string_view text) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  return Checker(text).run();
}

}  // namespace ek::dialect

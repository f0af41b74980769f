// The fast lane of streamed text. Within one answer most frames differ in their text alone, so a
// frame that equals the last one but for the inside of that string says the same, with the new
// text; nothing else of it needs to be read again.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ek::dialect {

class TextMemo {
 public:
  /// Remembers `frame`, whose whole meaning was one piece of text: the inside of a JSON string,
  /// `text`, which is a view into it and holds no escapes.
  void learn(std::string_view frame, std::string_view text);
  /// The text of a frame that differs from the remembered one there and nowhere else; a view into
  /// `frame`. None if it differs elsewhere, or if the new inside is not plain: quotes, escapes,
  /// control characters or bytes that are no UTF-8 are for the parser.
  [[nodiscard]] std::optional<std::string_view> match(std::string_view frame) const noexcept;

 private:
  std::string prefix_;
  std::string suffix_;
};

}  // namespace ek::dialect

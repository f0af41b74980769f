// A value inside JSON text, read in place: nothing is copied until it is asked for, and the text of
// every value can be had as it came. So numbers and signatures go back byte for byte, and no locale
// takes part.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ek::dialect {

/// Lifetime: views into the text that it was parsed from. Reading the wrong kind gives nothing
/// (absent, "", none), so a path of members needs no checks on its way.
class JsonView {
 public:
  enum class Kind { absent, null, boolean, number, string, array, object };
  using Members = std::vector<std::pair<std::string_view, JsonView>>;

  JsonView() = default;
  /// None if `text` is not one valid JSON value (RFC 8259, UTF-8).
  static std::optional<JsonView> parse(std::string_view text);

  [[nodiscard]] Kind kind() const noexcept;
  [[nodiscard]] bool is(Kind wanted) const noexcept { return kind() == wanted; }
  /// Neither absent nor null.
  [[nodiscard]] bool has_value() const noexcept { return !text_.empty() && text_[0] != 'n'; }
  /// The value as it stands in the text.
  [[nodiscard]] std::string_view text() const noexcept { return text_; }

  /// The member of an object; the first one, if there are several.
  [[nodiscard]] JsonView operator[](std::string_view key) const noexcept;
  /// In order. Keys are as they stand in the text, escapes included.
  [[nodiscard]] Members members() const;
  [[nodiscard]] std::vector<JsonView> elements() const;

  /// Unescaped.
  [[nodiscard]] std::string string() const;
  [[nodiscard]] bool equals(std::string_view text) const { return string() == text; }
  /// Also of a string of digits, as Google writes int64.
  [[nodiscard]] std::optional<std::int64_t> integer() const noexcept;
  [[nodiscard]] std::optional<double> number() const noexcept;
  [[nodiscard]] bool is_true() const noexcept { return text_ == "true"; }

 private:
  explicit JsonView(std::string_view text) noexcept : text_(text) {}
  std::string_view text_;
};

}  // namespace ek::dialect

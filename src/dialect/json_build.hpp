// JSON text put together from values that are JSON text themselves, so that what came verbatim
// stays so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dialect/json_view.hpp"

namespace ek::dialect {

/// A JSON string; bytes that are no UTF-8 become U+FFFD.
std::string quote(std::string_view text);
/// The shortest text that reads back as the same number; "null" for NaN and infinities, which JSON
/// cannot say.
std::string number_text(double value);
/// `json`, which must be JSON, on one line: without the space between its tokens.
std::string compact(std::string_view json);
/// `text` on one line if it is JSON, else the JSON string of it.
std::string json_or_quoted(std::string_view text);

/// Members in the order in which they were first set; setting one again replaces its value.
class ObjectText {
 public:
  /// `json` must be JSON.
  ObjectText& set(std::string_view key, std::string_view json);
  ObjectText& set_string(std::string_view key, std::string_view text);
  ObjectText& set_integer(std::string_view key, std::int64_t value);
  ObjectText& set_bool(std::string_view key, bool value);
  /// Takes over the members of `object`; where both sides hold objects, theirs are merged too.
  ObjectText& merge(JsonView object);
  [[nodiscard]] bool empty() const noexcept { return members_.empty(); }
  [[nodiscard]] const std::string& text() const& noexcept { return text_; }
  [[nodiscard]] std::string text() && noexcept { return std::move(text_); }

 private:
  // Where a key, as it stands between its quotes, and its value are in text_.
  struct Member {
    std::size_t key, key_size, value, value_size;
  };
  Member* find(std::string_view key) noexcept;
  void begin_value(std::string_view key, std::size_t about_bytes);
  void end_value();
  void replace(Member& member, std::string_view json);
  [[nodiscard]] std::string_view value_of(const Member& member) const noexcept;

  std::string text_ = "{}";
  std::vector<Member> members_;
};

class ArrayText {
 public:
  ArrayText& add(std::string_view json);
  ArrayText& add_string(std::string_view text) { return add(quote(text)); }
  [[nodiscard]] bool empty() const noexcept { return text_.size() == 2; }
  [[nodiscard]] const std::string& text() const& noexcept { return text_; }
  [[nodiscard]] std::string text() && noexcept { return std::move(text_); }

 private:
  std::string text_ = "[]";
};

}  // namespace ek::dialect

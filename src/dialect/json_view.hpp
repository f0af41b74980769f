// A value inside JSON text, read in place: nothing is copied until it is asked for, and the text of
// every value can be had as it came. So numbers and signatures go back byte for byte, and no locale
// takes part.
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace ek::dialect {

struct JsonMember;
template <class T>
class JsonRange;

/// Lifetime: views into the text that it was parsed from. Reading the wrong kind gives nothing
/// (absent, "", none), so a path of members needs no checks on its way.
class JsonView {
 public:
  enum class Kind { absent, null, boolean, number, string, array, object };

  JsonView() = default;
  /// None if `text` is not one valid JSON value (RFC 8259, UTF-8).
  static std::optional<JsonView> parse(std::string_view text);
  /// `text` must be one JSON value without space around it.
  static JsonView trust(std::string_view text) noexcept { return JsonView(text); }

  [[nodiscard]] Kind kind() const noexcept;
  [[nodiscard]] bool is(Kind wanted) const noexcept { return kind() == wanted; }
  /// Neither absent nor null.
  [[nodiscard]] bool has_value() const noexcept { return !text_.empty() && text_[0] != 'n'; }
  /// The value as it stands in the text.
  [[nodiscard]] std::string_view text() const noexcept { return text_; }

  /// The member of an object; the first one, if there are several.
  [[nodiscard]] JsonView operator[](std::string_view key) const noexcept;
  /// In order, for one walk through them: each is looked for when it is asked for. Keys are as they
  /// stand in the text, escapes included.
  [[nodiscard]] JsonRange<JsonMember> members() const noexcept;
  [[nodiscard]] JsonRange<JsonView> elements() const noexcept;
  /// The element of an array of one, as some servers wrap an object; any other value itself.
  [[nodiscard]] JsonView unwrapped() const noexcept;

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

struct JsonMember {
  std::string_view key{};
  JsonView value{};
};

/// Walks over the values of a container.
class JsonCursor {
 public:
  /// `container` must be an object or an array, or empty.
  JsonCursor(std::string_view container, bool keyed) noexcept : text_(container), keyed_(keyed) {}
  /// Goes on to the next value; false if there is none.
  bool next() noexcept;
  /// Its key is "" in an array.
  [[nodiscard]] const JsonMember& value() const noexcept { return value_; }

 private:
  std::string_view text_;
  std::size_t at_ = 1;
  bool keyed_;
  JsonMember value_;
};

/// The members (T = JsonMember) or elements (T = JsonView) of a container, for a range-based for.
/// The first of none is absent.
template <class T>
class JsonRange {
 public:
  class Iterator {
   public:
    explicit Iterator(JsonCursor cursor) noexcept : cursor_(cursor) { ++*this; }
    const T& operator*() const noexcept {
      if constexpr (std::is_same_v<T, JsonMember>) {
        return cursor_.value();
      } else {
        return cursor_.value().value;
      }
    }
    Iterator& operator++() noexcept {
      more_ = cursor_.next();
      return *this;
    }
    bool operator==(std::default_sentinel_t) const noexcept { return !more_; }

   private:
    JsonCursor cursor_;
    bool more_ = false;
  };

  explicit JsonRange(std::string_view container) noexcept : container_(container) {}
  [[nodiscard]] Iterator begin() const noexcept {
    return Iterator(JsonCursor(container_, std::is_same_v<T, JsonMember>));
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  std::string_view container_;
};

inline JsonRange<JsonMember> JsonView::members() const noexcept {
  return JsonRange<JsonMember>(is(Kind::object) ? text_ : std::string_view());
}
inline JsonRange<JsonView> JsonView::elements() const noexcept {
  return JsonRange<JsonView>(is(Kind::array) ? text_ : std::string_view());
}

}  // namespace ek::dialect

// A JSON object to read configuration and replies from, without the JSON library in a header.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ek {

/// A value; copies share the text. Members that are missing or of another type read as empty.
class JsonObject {
 public:
  /// None if `text` is not a JSON object.
  static std::optional<JsonObject> parse(std::string_view text);

  [[nodiscard]] bool has(const char* name) const;
  [[nodiscard]] std::string text(const char* name) const;
  /// Also out of a text that holds nothing but the number.
  [[nodiscard]] std::optional<std::int64_t> integer(const char* name) const;
  [[nodiscard]] std::optional<bool> boolean(const char* name) const;
  [[nodiscard]] std::optional<JsonObject> object(const char* name) const;
  /// The texts in an array.
  [[nodiscard]] std::vector<std::string> texts(const char* name) const;
  /// All members that are texts.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> text_members() const;

 private:
  // A nlohmann::json, and what keeps it alive.
  explicit JsonObject(std::shared_ptr<const void> json) : json_(std::move(json)) {}
  std::shared_ptr<const void> json_;
};

}  // namespace ek

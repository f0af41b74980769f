// A string that must not be seen: keys, tokens, passwords.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "endpointkit/export.hpp"

namespace ek {

/// Holds a secret text. Formatting or streaming it gives "***"; its memory is wiped when it goes.
/// The one way to the text is reveal(), so that each use can be found by its name.
class EK_API Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret& other) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  /// The text itself. Lifetime: until this Secret changes or goes.
  [[nodiscard]] const std::string& reveal() const noexcept { return text_; }
  /// Compares in a time that does not depend on where the texts differ.
  friend EK_API bool operator==(const Secret& a, const Secret& b) noexcept;

 private:
  void wipe() noexcept;
  std::string text_;
};

/// Writes "***".
EK_API std::ostream& operator<<(std::ostream& out, const Secret& secret);

}  // namespace ek

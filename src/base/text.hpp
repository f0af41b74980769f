// Small ASCII text operations; no locale takes part.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ek {

inline char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
std::string to_lower(std::string_view text);
void append_lower(std::string& out, std::string_view text);
bool iequals(std::string_view a, std::string_view b) noexcept;
/// Without spaces, tabs, CR and LF at both ends.
std::string_view trim(std::string_view text) noexcept;

/// Lower-case hex.
std::string to_hex(std::string_view bytes);
void append_hex(std::string& out, std::string_view bytes);
std::optional<std::string> from_hex(std::string_view hex);

/// The first and last four characters of an identifier, for messages: "AKID…MPLE".
std::string shorten(std::string_view id);
/// At most `max_bytes` of `text`, cut between UTF-8 characters, with "…" where it was cut.
std::string clip(std::string_view text, std::size_t max_bytes);
/// Length of the well-formed UTF-8 sequence at the front (Unicode 15, table 3-7), 0 if there is
/// none.
std::size_t utf8_length(std::string_view text) noexcept;
/// `text` with U+FFFD for each byte that is no UTF-8.
std::string valid_utf8(std::string_view text);
/// `text` with control characters and invalid UTF-8 shown as '?', for messages.
std::string printable(std::string_view text);

}  // namespace ek

#include "signing/aws/xml_text.hpp"

#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

namespace ek {
namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view local_name(std::string_view name) noexcept {
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
  }
  byte(0x80 | (code & 0x3F));
}

// "amp", "#65", "#x41"; false for what is none of them.
bool append_reference(std::string& out, std::string_view name) {
  constexpr std::pair<std::string_view, char> entities[] = {
      {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
  for (const auto& [entity, c] : entities) {
    if (name == entity) return out += c, true;
  }
  if (!name.starts_with('#')) return false;
  name.remove_prefix(1);
  const int base = name.starts_with('x') ? 16 : 10;
  if (base == 16) name.remove_prefix(1);
  std::uint32_t code = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), code, base);
  const bool is_surrogate = code >= 0xD800 && code < 0xE000;
  if (failure != std::errc{} || end != name.data() + name.size() || code == 0 || code > 0x10FFFF ||
      is_surrogate) {
    return false;
  }
  append_utf8(out, code);
  return true;
}

bool append_text(std::string& out, std::string_view raw) {
  while (!raw.empty()) {
    const auto mark = raw.find('&');
    out += raw.substr(0, mark);
    if (mark == std::string_view::npos) return true;
    const auto end = raw.find(';', mark);
    if (end == std::string_view::npos) return false;
    if (!append_reference(out, raw.substr(mark + 1, end - mark - 1))) return false;
    raw.remove_prefix(end + 1);
  }
  return true;
}

// Goes through a document tag by tag.
class Reader {
 public:
  Reader(std::string_view xml, std::string_view path) : rest_(xml), path_(path) {}

  std::optional<std::string> run() {
    while (true) {
      const auto mark = rest_.find('<');
      if (inside_ && !append_text(text_, rest_.substr(0, mark))) return std::nullopt;
      if (mark == std::string_view::npos) return std::nullopt;
      rest_.remove_prefix(mark);
      const auto done = step();
      if (!done) return std::nullopt;
      if (*done) return std::move(text_);
    }
  }

 private:
  // True at the end of the element that is sought; none for what is not well-formed.
  std::optional<bool> step() {
    if (rest_.starts_with("<!--")) return skip("-->");
    if (rest_.starts_with("<?")) return skip("?>");
    if (rest_.starts_with("<![CDATA[")) return character_data();
    if (rest_.starts_with("<!")) return std::nullopt;
    const auto end = tag_end();
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view tag = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    if (tag.starts_with('/')) return close(tag.substr(1));
    if (inside_) return std::nullopt;
    const bool is_empty = tag.ends_with('/');
    if (is_empty) tag.remove_suffix(1);
    const std::string_view name = tag.substr(0, tag.find_first_of(blanks));
    if (name.empty()) return std::nullopt;
    open_.push_back(name);
    inside_ = matches();
    return is_empty ? close(name) : std::optional(false);
  }

  std::optional<bool> skip(std::string_view end) {
    const auto at = rest_.find(end);
    if (at == std::string_view::npos) return std::nullopt;
    rest_.remove_prefix(at + end.size());
    return false;
  }

  std::optional<bool> character_data() {
    rest_.remove_prefix(std::string_view("<![CDATA[").size());
    const auto end = rest_.find("]]>");
    if (end == std::string_view::npos) return std::nullopt;
    if (inside_) text_ += rest_.substr(0, end);
    rest_.remove_prefix(end + 3);
    return false;
  }

  // The '>' that is not inside an attribute's value.
  std::size_t tag_end() const {
    char quote = 0;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>') {
        return i;
      }
    }
    return std::string_view::npos;
  }

  std::optional<bool> close(std::string_view name) {
    while (!name.empty() && blanks.find(name.back()) != std::string_view::npos)
      name.remove_suffix(1);
    if (open_.empty() || open_.back() != name) return std::nullopt;
    open_.pop_back();
    return inside_;
  }

  bool matches() const {
    std::string_view path = path_;
    for (const std::string_view name : open_) {
      const std::string_view wanted = path.substr(0, path.find('/'));
      if (path.empty() || (wanted != "*" && wanted != local_name(name))) return false;
      path.remove_prefix(wanted.size() < path.size() ? wanted.size() + 1 : wanted.size());
    }
    return path.empty();
  }

  std::string_view rest_;
  const std::string_view path_;
  std::vector<std::string_view> open_;
  bool inside_ = false;
  std::string text_;
};

}  // namespace

std::optional<std::string> xml_text(std::string_view xml, std::string_view path) {
  return Reader(xml, path).run();
}

}  // namespace ek

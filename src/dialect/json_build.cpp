#include "dialect/json_build.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "base/json_string.hpp"
#include "base/text.hpp"
#include "dialect/json_check.hpp"

namespace ek::dialect {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

void append_control(std::string& out, char c) {
  constexpr std::string_view from = "\b\f\n\r\t";
  constexpr std::string_view to = "bfnrt";
  constexpr std::string_view digits = "0123456789abcdef";
  if (const auto known = from.find(c); known != std::string_view::npos) {
    out += '\\';
    out += to[known];
    return;
  }
  out += "\\u00";
  out += digits[static_cast<unsigned char>(c) >> 4U];
  out += digits[static_cast<unsigned char>(c) & 0xFU];
}

}  // namespace

std::string quote(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  for (std::size_t at = 0, plain = 0;; plain = at) {
    at = plain_end(text, at);
    out += text.substr(plain, at - plain);
    if (at == text.size()) return out += '"';
    const auto c = static_cast<unsigned char>(text[at]);
    if (c >= 0x80) {
      const std::size_t length = utf8_length(text.substr(at));
      out += length == 0 ? kReplacement : text.substr(at, length);
      at += length == 0 ? 1 : length;
      continue;
    }
    if (c < 0x20) {
      append_control(out, text[at]);
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += text[at];
    }
    ++at;
  }
}

std::string number_text(double value) {
  if (!std::isfinite(value)) return "null";
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

std::string compact(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (!in_string && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) continue;
    out += c;
    if (c == '"') in_string = !in_string;
    if (in_string && c == '\\' && i + 1 < json.size()) out += json[++i];
  }
  return out;
}

std::string json_or_quoted(std::string_view text) {
  return is_json(text) ? compact(text) : quote(text);
}

std::string* ObjectText::find(std::string_view key) noexcept {
  for (auto& [name, value] : members_) {
    if (name == key) return &value;
  }
  return nullptr;
}

ObjectText& ObjectText::set(std::string_view key, std::string json) {
  if (std::string* value = find(key)) {
    *value = std::move(json);
  } else {
    members_.emplace_back(key, std::move(json));
  }
  return *this;
}

ObjectText& ObjectText::set_string(std::string_view key, std::string_view text) {
  return set(key, quote(text));
}

ObjectText& ObjectText::set_integer(std::string_view key, std::int64_t value) {
  return set(key, std::to_string(value));
}

ObjectText& ObjectText::set_bool(std::string_view key, bool value) {
  return set(key, value ? "true" : "false");
}

ObjectText& ObjectText::merge(JsonView object) {
  for (const auto& [key, theirs] : object.members()) {
    const std::string* ours = find(key);
    if (ours != nullptr && ours->front() == '{' && theirs.is(JsonView::Kind::object)) {
      ObjectText both;
      both.merge(*JsonView::parse(*ours)).merge(theirs);
      set(key, both.text());
    } else {
      set(key, std::string(theirs.text()));
    }
  }
  return *this;
}

std::string ObjectText::text() const {
  std::string out = "{";
  for (const auto& [key, value] : members_) {
    if (out.size() > 1) out += ',';
    out += '"';
    out += key;
    out += "\":";
    out += value;
  }
  return out += '}';
}

ArrayText& ArrayText::add(std::string_view json) {
  if (!elements_.empty()) elements_ += ',';
  elements_ += json;
  return *this;
}

}  // namespace ek::dialect

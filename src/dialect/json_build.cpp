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

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t at = 0, plain = 0;; plain = at) {
    at = plain_end(text, at);
    out += text.substr(plain, at - plain);
    if (at == text.size()) break;
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
  out += '"';
}

}  // namespace

std::string quote(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_quoted(out, text);
  return out;
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

ObjectText::Member* ObjectText::find(std::string_view key) noexcept {
  for (Member& member : members_) {
    if (key == std::string_view(text_).substr(member.key, member.key_size)) return &member;
  }
  return nullptr;
}

std::string_view ObjectText::value_of(const Member& member) const noexcept {
  return std::string_view(text_).substr(member.value, member.value_size);
}

void ObjectText::begin_value(std::string_view key, std::size_t about_bytes) {
  constexpr std::size_t around_bytes = 8;  // quotes, colon and comma
  text_.reserve(text_.size() + key.size() + about_bytes + around_bytes);
  if (empty()) members_.reserve(8);
  text_.pop_back();
  text_ += empty() ? "\"" : ",\"";
  const std::size_t begin = text_.size();
  text_.append(key).append("\":");
  members_.push_back({begin, key.size(), text_.size(), 0});
}

void ObjectText::end_value() {
  members_.back().value_size = text_.size() - members_.back().value;
  text_ += '}';
}

void ObjectText::replace(Member& member, std::string_view json) {
  text_.replace(member.value, member.value_size, json);
  const std::size_t moved = json.size() - member.value_size;  // modulo 2^64, as they are added
  member.value_size = json.size();
  for (Member* later = &member + 1; later != members_.data() + members_.size(); ++later) {
    later->key += moved;
    later->value += moved;
  }
}

ObjectText& ObjectText::set(std::string_view key, std::string_view json) {
  if (Member* known = find(key)) {
    replace(*known, json);
  } else {
    begin_value(key, json.size());
    text_ += json;
    end_value();
  }
  return *this;
}

ObjectText& ObjectText::set_string(std::string_view key, std::string_view text) {
  if (find(key) != nullptr) return set(key, quote(text));
  begin_value(key, text.size());
  append_quoted(text_, text);
  end_value();
  return *this;
}

ObjectText& ObjectText::set_integer(std::string_view key, std::int64_t value) {
  return set(key, std::to_string(value));
}

ObjectText& ObjectText::set_bool(std::string_view key, bool value) {
  return set(key, value ? "true" : "false");
}

ObjectText& ObjectText::merge(JsonView object) {
  for (const auto& [key, theirs] : object.members()) {
    const Member* known = find(key);
    const auto ours = JsonView::trust(known != nullptr ? value_of(*known) : std::string_view());
    if (ours.is(JsonView::Kind::object) && theirs.is(JsonView::Kind::object)) {
      set(key, ObjectText().merge(ours).merge(theirs).text());
    } else {
      set(key, theirs.text());
    }
  }
  return *this;
}

ArrayText& ArrayText::add(std::string_view json) {
  text_.reserve(text_.size() + json.size() + 1);
  const bool first = empty();
  text_.pop_back();
  if (!first) text_ += ',';
  text_.append(json) += ']';
  return *this;
}

}  // namespace ek::dialect

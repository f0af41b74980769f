// Our own reading and writing of JSON, with nlohmann as the oracle.
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/json_string.hpp"
#include "dialect/json_build.hpp"
#include "dialect/json_check.hpp"
#include "dialect/json_view.hpp"
#include "dialect/text_memo.hpp"
#include "fuzz/dialect_fuzz.hpp"

namespace ek::fuzz {
namespace {

using dialect::JsonView;
using nlohmann::json;

bool is_utf8(std::string_view text) {
  try {
    return !json(text).dump().empty();
  } catch (const json::exception&) {
    return false;
  }
}

void check_plain_end(std::string_view text) {
  for (std::size_t from = 0; from <= std::min<std::size_t>(text.size(), 9); ++from) {
    std::size_t at = from;
    while (at < text.size() && text[at] >= ' ' && text[at] != '"' && text[at] != '\\') ++at;
    check(plain_end(text, from) == at);
  }
}

bool check_same(const JsonView& view, const json& wanted);

// Of equal keys nlohmann keeps the last, and we the first.
bool check_members(const JsonView& view, const json& wanted) {
  std::map<std::string, JsonView> members;
  bool unique = true;
  for (const auto& [key, value] : view.members()) {
    const std::string name = json::parse('"' + std::string(key) + '"').get<std::string>();
    unique &= members.emplace(name, value).second;
  }
  check(members.size() == wanted.size());
  for (const auto& [name, value] : members) {
    check(wanted.contains(name));
    if (unique) unique = check_same(value, wanted[name]);
  }
  return unique;
}

bool check_elements(const JsonView& view, const json& wanted) {
  auto next = wanted.begin();
  bool unique = true;
  for (const JsonView element : view.elements()) {
    check(next != wanted.end());
    unique &= check_same(element, *next++);
  }
  check(next == wanted.end());
  return unique;
}

// Whether no key stands twice in an object.
bool check_same(const JsonView& view, const json& wanted) {
  check(json::parse(view.text()) == wanted);
  check(view.is(JsonView::Kind::string) == wanted.is_string());
  check(view.is_true() == (wanted == json(true)));
  if (wanted.is_string()) check(view.string() == wanted.get<std::string>());
  if (wanted.is_number()) check(view.number() == wanted.get<double>());
  if (wanted.is_object()) return check_members(view, wanted);
  return !wanted.is_array() || check_elements(view, wanted);
}

// Keys are compared as they stand.
void check_merge(const JsonView& view) {
  if (view.text().find('\\') != std::string_view::npos) return;
  dialect::ObjectText all;
  json all_wanted = json::object();
  for (const JsonView element : view.elements()) {
    if (!element.is(JsonView::Kind::object)) continue;
    all.merge(element);
    all_wanted.update(json::parse(element.text()), true);
  }
  check(json::parse(all.text()) == all_wanted);
}

void check_reading(std::string_view text) {
  // nlohmann takes a NUL for the end.
  if (text.find('\0') != std::string_view::npos) return;
  const json wanted = json::parse(text, nullptr, false);
  const auto view = JsonView::parse(text);
  check(view.has_value() == dialect::is_json(text));
  if (!wanted.is_discarded()) {
    check(view.has_value());
    if (check_same(*view, wanted)) check_merge(*view);
    check(json::parse(dialect::compact(text)) == wanted);
    return;
  }
  // It takes no lone surrogates and no numbers that no double holds; else they are of one mind.
  const bool odd = text.find("\\u") != std::string_view::npos ||
                   text.find_first_of("eE0123456789") != std::string_view::npos;
  check(!view || odd);
}

void check_writing(std::string_view text) {
  const std::string quoted = dialect::quote(text);
  check(string_end(quoted, 0) == quoted.size());
  const json read = json::parse(quoted);
  if (is_utf8(text)) check(read == json(text));
}

void check_memo(std::string_view text) {
  const std::string first = R"({"a":"x"})";
  dialect::TextMemo memo;
  memo.learn(first, std::string_view(first).substr(6, 1));
  const std::string frame = R"({"a":")" + std::string(text) + R"("})";
  if (const auto found = memo.match(frame)) check(json::parse(frame) == json{{"a", *found}});
}

}  // namespace
}  // namespace ek::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias any bytes.
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  ek::fuzz::check_plain_end(input);
  ek::fuzz::check_reading(input);
  ek::fuzz::check_writing(input);
  ek::fuzz::check_memo(input);
  return 0;
}

// JSON that came from outside, whatever it turns out to hold. For .cpp files that have included
// nlohmann/json.hpp themselves.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/error.hpp"

namespace ek::emulator {

/// Whether arrays and objects lie so deep in one another that walking through them would use up a
/// thread's stack. Decides nothing about texts that are no JSON.
inline bool nests_too_deep(std::string_view json) noexcept {
  constexpr int most = 1000;
  int depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < json.size() && depth <= most; ++at) {
    const char c = json[at];
    if (quoted && c == '\\') ++at;
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
  }
  return depth > most;
}

/// Discarded if the text is no JSON, or JSON of more than a thousand levels.
template <class Json>
Json parse_json(std::string_view text) {
  if (nests_too_deep(text)) return Json(Json::value_t::discarded);
  return Json::parse(text, nullptr, false);
}

/// Headers, paths and forms may be no UTF-8, which dump() alone throws at.
template <class Json>
std::string to_text(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

/// "" if it is not there or no string.
template <class Json>
std::string text_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return {};
  return found->template get<std::string>();
}

template <class Json>
double number_in(const Json& object, const char* key, double otherwise) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return otherwise;
  return found->template get<double>();
}

/// Within ±2^53, rounded towards zero.
template <class Json>
std::int64_t integer_in(const Json& object, const char* key, std::int64_t otherwise) {
  constexpr double limit = 9007199254740992.0;
  const double value = number_in(object, key, static_cast<double>(otherwise));
  return static_cast<std::int64_t>(std::clamp(value, -limit, limit));
}

/// A number of tokens: 1 to a million.
template <class Json>
int tokens_in(const Json& object, const char* key, int otherwise) {
  return static_cast<int>(
      std::clamp<std::int64_t>(integer_in(object, key, otherwise), 1, 1'000'000));
}

/// A list of strings, or one string as such a list.
template <class Json>
std::vector<std::string> texts_in(const Json& object, const char* key) {
  std::vector<std::string> texts;
  const auto found = object.find(key);
  if (found == object.end()) return texts;
  if (found->is_string()) texts.push_back(found->template get<std::string>());
  if (!found->is_array()) return texts;
  for (const Json& item : *found) {
    if (item.is_string()) texts.push_back(item.template get<std::string>());
  }
  return texts;
}

inline Error bad_body(std::string_view why) {
  return {.code = ErrorCode::invalid_request, .message = std::string(why)};
}

}  // namespace ek::emulator

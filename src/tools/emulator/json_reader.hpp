// Members of JSON objects that came from outside, whatever type they turn out to have. For .cpp
// files that have included nlohmann/json.hpp themselves.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/error.hpp"

namespace ek::emulator {

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

// What every file that reads and writes JSON wants of it. Templates, so that the JSON library's own
// header stays out of this one.
#pragma once

#include <string>

namespace ek {

/// "" if `value` is no object, has no such member, or one that is no text.
template <class Json>
std::string text_member(const Json& value, const char* name) {
  if (!value.is_object()) return {};
  const auto found = value.find(name);
  return found != value.end() && found->is_string() ? found->template get<std::string>()
                                                    : std::string();
}

/// On one line; bytes that are no UTF-8 are replaced instead of thrown for.
template <class Json>
std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ek

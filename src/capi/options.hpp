// Options by key and text: which keys there are, who takes them, and what they turn into.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "capi/capi.hpp"

struct epk_options {
  std::map<std::string, ek::Secret, std::less<>> values;  // checked when they were set
};

namespace ek::capi {

/// Who takes options; a key may have several takers.
enum Taker : unsigned { of_client = 1, of_endpoint = 2, of_call = 4, of_invoke = 8 };

/// A key and what its values must be like.
struct Key {
  std::string_view name;
  unsigned takers;
  bool (*fits)(std::string_view value, std::string_view wanted);
  std::string_view wanted;
};
bool is_text(std::string_view value, std::string_view wanted);
/// True if `wanted`, "a, b or c", lists `value`.
bool is_listed(std::string_view value, std::string_view wanted);
bool is_duration(std::string_view value, std::string_view wanted);
constexpr std::string_view duration_wanted = "a number of milliseconds, 0 or more";
/// Less than 0 for what is no number.
std::int64_t to_number(std::string_view text);

/// Throws invalid_request naming the first key that none of `takers` takes. NULL has no keys.
void refuse_foreign_keys(const epk_options* options, unsigned takers, const char* function);

ClientOptions client_options(const epk_options* options);
EndpointOptions endpoint_options(const epk_options* options);
/// The option "uri", or "".
std::string uri_option(const epk_options* options);
CallOptions call_options(const epk_options* options, const epk_endpoint& endpoint);
InvokeRequest invoke_request(std::string_view body, const epk_options* options);

}  // namespace ek::capi

#include "cloud/family/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ek {

Error invalid(std::string message) {
  return {
      .code = ErrorCode::invalid_request, .phase = Phase::request, .message = std::move(message)};
}

std::string option(const EndpointOptions& options, std::string_view key,
                   std::string_view fallback) {
  const auto found = options.find(key);
  return found == options.end() ? std::string(fallback) : found->second;
}

EndpointOptions set_options(
    std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  EndpointOptions options;
  for (const auto& [key, value] : pairs) {
    if (!value.empty()) options.emplace(key, value);
  }
  return options;
}

Result<void> check_known(const EndpointOptions& options, std::string_view cloud,
                         std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : options) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return invalid(fmt::format("{} endpoints have no option \"{}\"; known are {}", cloud, key,
                                 fmt::join(known, ", ")));
    }
  }
  return {};
}

std::string variable(const Environment& environment, const std::string& name) {
  return environment.variable(name).value_or("");
}

}  // namespace ek

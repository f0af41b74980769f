#include "cloud/family/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/uri.hpp"

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

Result<std::string> check_base_url(std::string_view url, std::string_view where_from) {
  auto uri = parse_uri(url);
  if (!uri) return invalid(fmt::format("{}: {}", where_from, uri.error().message));
  if (uri->scheme != "https" && uri->scheme != "http") {
    return invalid(fmt::format("{} is \"{}\"; expected a URL that begins with https:// or http://",
                               where_from, url));
  }
  if (!uri->query.empty()) {
    return invalid(fmt::format("{} is \"{}\"; expected a URL without a query", where_from, url));
  }
  while (uri->path.ends_with('/')) uri->path.pop_back();
  return fmt::format("{}://{}{}", uri->scheme, uri->authority(), uri->path);
}

}  // namespace ek

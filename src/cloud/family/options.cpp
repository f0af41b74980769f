#include "cloud/family/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

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
      return invalid(
          fmt::format("{} endpoints have no option \"{}\"; known are {}; and for every "
                      "cloud max_in_flight, requests_per_minute, tokens_per_minute, {}",
                      cloud, printable(key), fmt::join(known, ", "), call_default_keys()));
    }
  }
  return {};
}

Result<std::optional<Limits>> take_limits(EndpointOptions& options) {
  Limits limits;
  bool any = false;
  const auto take = [&](const char* key, auto& limit) -> Result<void> {
    const auto found = options.find(key);
    if (found == options.end()) return {};
    const std::string text = found->second;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (failure != std::errc{} || end != text.data() + text.size() || limit < 0) {
      return invalid(fmt::format("the option {} wants a number, 0 or more, not \"{}\"", key,
                                 clip(printable(text), 40)));
    }
    any = true;
    options.erase(found);
    return {};
  };
  if (auto good = take("max_in_flight", limits.max_in_flight); !good)
    return std::move(good).error();
  if (auto good = take("requests_per_minute", limits.requests_per_minute); !good)
    return std::move(good).error();
  if (auto good = take("tokens_per_minute", limits.tokens_per_minute); !good)
    return std::move(good).error();
  return any ? std::optional<Limits>(limits) : std::nullopt;
}

EndpointOptions take_call_defaults(EndpointOptions& options) {
  EndpointOptions taken;
  for (auto next = options.begin(); next != options.end();) {
    const auto one = next++;
    const bool ours = one->first.starts_with("timeout.") || one->first.starts_with("retry.") ||
                      one->first.starts_with("cancel.");
    if (ours) taken.insert(options.extract(one));
  }
  return taken;
}

std::string variable(const Environment& environment, const std::string& name) {
  return environment.variable(name).value_or("");
}

}  // namespace ek

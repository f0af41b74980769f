// The parts of the google-auth suite, and what they share.
#pragma once

#include <string>

#include "base/text.hpp"
#include "conformance/scripted_web.hpp"
#include "conformance/suite.hpp"

namespace ek::conformance {

void run_google_signatures(const std::filesystem::path& folder, Report& report);
void run_google_tokens(const std::filesystem::path& folder, Report& report);

/// What differs between the request that a suite wants and the one that was sent; "" if nothing
/// does. Headers may be more than those that it names; its body is the caller's to compare.
inline std::string difference(const nlohmann::json& wanted, const HttpRequest& sent) {
  if (wanted["method"] != sent.method) return "method " + sent.method;
  if (wanted["url"] != sent.url) return "url " + sent.url;
  for (const auto& [name, value] : wanted["headers"].items()) {
    bool found = false;
    for (const Header& header : sent.headers) {
      found = found || (iequals(header.name, name) && header.value == value.get<std::string>());
    }
    if (!found) return "no header " + name + ": " + value.get<std::string>();
  }
  return "";
}

/// The same for a whole exchange.
inline std::string difference(const nlohmann::json& wanted, const std::vector<HttpRequest>& sent) {
  if (wanted.size() != sent.size())
    return std::to_string(sent.size()) + " requests, not " + std::to_string(wanted.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const std::string what = difference(wanted[i], sent[i]);
    if (!what.empty()) return "request " + std::to_string(i) + ": " + what;
  }
  return "";
}

}  // namespace ek::conformance

// The parts of the google-auth suite, and what they share.
#pragma once

#include <string>

#include "base/text.hpp"
#include "conformance/scripted_web.hpp"
#include "conformance/suite.hpp"
#include "signing/token_cache.hpp"
#include "support/test_environment.hpp"

namespace ek::conformance {

void run_google_signatures(const std::filesystem::path& folder, Report& report);
void run_google_tokens(const std::filesystem::path& folder, Report& report);

/// What a case needs to be run.
struct GoogleBench {
  explicit GoogleBench(test::World world = {})
      : environment(test::make_environment(clock, std::move(world))) {}

  [[nodiscard]] SigningServices services() const {
    return {.transport = web, .environment = environment, .tokens = make_token_cache()};
  }
  [[nodiscard]] SignContext context() const {
    return {.deadline = clock->steady_now() + std::chrono::minutes(1)};
  }

  std::shared_ptr<test::ManualClock> clock = std::make_shared<test::ManualClock>();
  std::shared_ptr<ScriptedWeb> web = std::make_shared<ScriptedWeb>();
  std::shared_ptr<const Environment> environment;
};

inline std::string text_of(const nlohmann::json& object, const char* name) {
  return object.contains(name) && object[name].is_string() ? object[name].get<std::string>() : "";
}

inline HttpResponse response_of(const nlohmann::json& scripted) {
  HttpResponse out{.head = {.status = scripted["status"]}, .body = scripted["body"]};
  if (!scripted.contains("headers")) return out;
  for (const auto& [name, value] : scripted["headers"].items())
    out.head.headers.push_back({name, value});
  return out;
}

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

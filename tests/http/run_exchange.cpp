#include "http/run_exchange.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace ek::testing {

SteadyTime far() { return std::chrono::steady_clock::now() + std::chrono::seconds(30); }

bool drive(Lane& lane, const std::function<bool()>& done) {
  const SteadyTime limit = far();
  while (!done()) {
    if (std::chrono::steady_clock::now() >= limit) return false;
    lane.wait(limit);
  }
  return true;
}

Outcome finish(Lane& lane, Exchange& exchange) {
  Outcome outcome;
  EXPECT_TRUE(drive(lane, [&] {
    outcome.body += exchange.body();
    exchange.consume(exchange.body().size());
    return exchange.ended();
  })) << "the exchange never ended";
  if (exchange.head() != nullptr) outcome.head = *exchange.head();
  if (exchange.error() != nullptr) outcome.error = *exchange.error();
  outcome.sent = exchange.sent();
  return outcome;
}

Outcome run(Lane& lane, HttpRequest request, const TransferOptions& options) {
  const auto exchange = lane.start(std::move(request), options);
  return finish(lane, *exchange);
}

HttpRequest post(std::string url, std::string body) {
  return {.method = "POST", .url = std::move(url), .body = std::move(body)};
}

HttpOptions bare_options() {
  auto environment = std::make_shared<Environment>(system_environment());
  environment->variable = [](const std::string&) { return std::nullopt; };
  environment->read_file = [](const std::string& path) -> Result<std::string> {
    return Error{.code = ErrorCode::authentication,
                 .phase = Phase::credentials,
                 .message = "no file " + path};
  };
  return {.user_agent = "test", .environment = std::move(environment)};
}

HttpOptions with_file(HttpOptions options, std::string name, std::string text) {
  auto environment = std::make_shared<Environment>(*options.environment);
  environment->read_file =
      [name = std::move(name), text = std::move(text),
       others = environment->read_file](const std::string& path) -> Result<std::string> {
    return path == name ? Result<std::string>(text) : others(path);
  };
  options.environment = std::move(environment);
  return options;
}

HttpOptions with_variables(HttpOptions options, std::map<std::string, std::string> variables) {
  auto environment = std::make_shared<Environment>(*options.environment);
  environment->variable =
      [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found != variables.end() ? std::optional(found->second) : std::nullopt;
  };
  options.environment = std::move(environment);
  return options;
}

HttpOptions trusting(std::string pem) {
  HttpOptions options = with_file(bare_options(), "test.pem", std::move(pem));
  options.network.ca_file = "test.pem";
  return options;
}

}  // namespace ek::testing

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
  return {.user_agent = "test", .proxy = "", .environment = std::move(environment)};
}

HttpOptions trusting(std::string pem) {
  HttpOptions options = bare_options();
  auto environment = std::make_shared<Environment>(*options.environment);
  environment->read_file = [pem = std::move(pem), fallback = environment->read_file](
                               const std::string& path) -> Result<std::string> {
    return path == "test.pem" ? Result<std::string>(pem) : fallback(path);
  };
  options.environment = std::move(environment);
  options.ca_file = "test.pem";
  return options;
}

}  // namespace ek::testing

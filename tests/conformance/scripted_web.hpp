// A Transport that answers from a list, for suites that say which requests a client makes and what
// it is told. It keeps what was sent.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "endpointkit/ext/transport.hpp"
#include "signing/token_cache.hpp"
#include "support/test_environment.hpp"

namespace ek::conformance {

class ScriptedWeb final : public Transport {
 public:
  /// The answer to the next request that has none yet.
  void reply(HttpResponse answer) { answers_.push_back(std::move(answer)); }
  /// The answer to every request for which no reply() is left.
  void repeat(HttpResponse answer) { rest_ = std::move(answer); }
  [[nodiscard]] const std::vector<HttpRequest>& requests() const { return requests_; }

  std::unique_ptr<Lane> open_lane() override { return std::make_unique<ScriptedLane>(*this); }

 private:
  class ScriptedExchange final : public Exchange {
   public:
    explicit ScriptedExchange(HttpResponse answer) : answer_(std::move(answer)) {}
    [[nodiscard]] const HttpHead* head() const noexcept override { return &answer_.head; }
    [[nodiscard]] std::string_view body() const noexcept override { return answer_.body; }
    void consume(std::size_t bytes) override { answer_.body.erase(0, bytes); }
    [[nodiscard]] bool ended() const noexcept override { return true; }
    [[nodiscard]] const Error* error() const noexcept override { return nullptr; }
    [[nodiscard]] bool sent() const noexcept override { return true; }

   private:
    HttpResponse answer_;
  };

  class ScriptedLane final : public Lane {
   public:
    explicit ScriptedLane(ScriptedWeb& web) : web_(web) {}
    std::unique_ptr<Exchange> start(HttpRequest request, const TransferOptions&) override {
      web_.requests_.push_back(std::move(request));
      HttpResponse answer = web_.rest_;
      if (!web_.answers_.empty()) {
        answer = std::move(web_.answers_.front());
        web_.answers_.pop_front();
      }
      return std::make_unique<ScriptedExchange>(std::move(answer));
    }
    void wait(SteadyTime) override {}
    void wake() noexcept override {}

   private:
    ScriptedWeb& web_;
  };

  std::deque<HttpResponse> answers_;
  HttpResponse rest_{.head = {.status = 599}, .body = "the suite has no such request"};
  std::vector<HttpRequest> requests_;
};

/// What a case needs to ask token services.
struct Bench {
  explicit Bench(test::World world = {})
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

/// An answer as the suites write it: status, body, headers if it has any.
inline HttpResponse response_of(const nlohmann::json& scripted) {
  HttpResponse out{.head = {.status = scripted["status"]}, .body = scripted["body"]};
  if (!scripted.contains("headers")) return out;
  for (const auto& [name, value] : scripted["headers"].items())
    out.head.headers.push_back({name, value});
  return out;
}

}  // namespace ek::conformance

// An endpoint on no cloud: a fake transport, a manual clock and a signer that can be told to fail.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dialect/dialect.hpp"
#include "endpoint/adaptive_rate.hpp"
#include "endpoint/client_state.hpp"
#include "endpoint/cloud.hpp"
#include "endpoint/endpoint_state.hpp"
#include "endpointkit/endpoint.hpp"
#include "support/fake_transport.hpp"
#include "support/test_environment.hpp"

namespace ek::test {

/// Speaks plain HTTP errors: the status alone decides.
class PlainCloud : public Cloud {
 public:
  std::string uri() const override { return "test://model"; }
  SigningScope scope() const override { return {.accepts_key = true, .service = "Test"}; }
  std::string_view dialect() const noexcept override { return "openai"; }
  HttpRequest address(Operation operation) const override {
    return {.url = operation.stream ? "https://test/stream" : "https://test/whole",
            .body = std::move(operation.body)};
  }
  std::vector<Header> attempt_headers(const Attempt& attempt) const override {
    return {{"x-attempt", std::to_string(attempt.number)},
            {"x-call", std::string(attempt.call_id)}};
  }
  std::string request_id(const HttpHead& head) const override {
    return std::string(head.header("x-request-id"));
  }
  Error explain(const HttpHead& head, std::string_view body) const override {
    const bool retryable = head.status == 429 || head.status >= 500;
    const ErrorCode code = head.status == 401   ? ErrorCode::authentication
                           : head.status == 429 ? ErrorCode::rate_limit
                           : head.status >= 500 ? ErrorCode::unavailable
                                                : ErrorCode::invalid_request;
    return {.code = code, .message = std::string(body), .retryable = retryable};
  }
};

/// Signs with "token secret-N"; renew() goes on to the next N while there are more.
class CountingSigner final : public Signer {
 public:
  explicit CountingSigner(int tokens = 1) : tokens_(tokens) {}
  Result<std::vector<Header>> sign(const HttpRequest&, const SignContext&) override {
    if (!failures.empty()) {
      Error error = failures.back();
      failures.pop_back();
      return error;
    }
    return std::vector<Header>{{"authorization", "token secret-" + std::to_string(current_), true}};
  }
  bool renew(const std::vector<Header>&) override { return ++current_ <= tokens_; }
  bool renew_after(const HttpHead& answer, const std::vector<Header>& refused) override {
    answers.push_back(answer);
    return renew(refused);
  }
  bool is_dated() const override { return dated; }
  std::string describe() const override { return "test signer"; }
  std::string explain_refusal(const HttpRequest& sent, const SigningScope& scope,
                              std::string_view said) const override {
    if (!knows_why) return {};
    return scope.service + " said " + std::string(said.substr(0, said.find('\n'))) + " to " +
           sent.headers.back().value;
  }

  std::vector<Error> failures;    // from the back
  std::vector<HttpHead> answers;  // that refused a proof
  bool dated = false;
  bool knows_why = false;  // about refusals

 private:
  int tokens_;
  int current_ = 1;
};

struct TestEndpoint {
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<FakeTransport> transport = std::make_shared<FakeTransport>(clock);
  std::shared_ptr<CountingSigner> signer = std::make_shared<CountingSigner>();

  /// After this, replies still can be scripted, and time moves with them.
  [[nodiscard]] Endpoint open(ClientOptions options = {}) {
    options.transport = transport;
    if (!options.environment) options.environment = make_environment(clock);
    client.emplace(std::move(options));
    state = client->state();
    return make(std::make_unique<PlainCloud>(), signer, "test://model");
  }
  /// Another endpoint of the same client.
  [[nodiscard]] Endpoint make(std::unique_ptr<Cloud> cloud, std::shared_ptr<Signer> signs,
                              std::string uri) const {
    return Endpoint(std::make_shared<const EndpointState>(
        EndpointState{.client = state,
                      .cloud = std::move(cloud),
                      .dialect = dialect::find("openai"),
                      .signer = std::move(signs),
                      .uri = std::move(uri),
                      .defaults = state->defaults(),
                      .rate = std::make_shared<AdaptiveRate>(clock->steady_now())}));
  }
  std::optional<Client> client;  // of the last open()
  std::shared_ptr<ClientState> state;
};

/// OpenAI-style stream bodies.
inline std::string text_chunk(std::string_view text) {
  return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + std::string(text) +
         "\"}}]}\n\n";
}
inline std::string finish_chunk() {
  return "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: "
         "[DONE]\n\n";
}
inline std::vector<Header> sse() { return {{"content-type", "text/event-stream"}}; }

}  // namespace ek::test

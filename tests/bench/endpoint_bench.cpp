#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <memory>

#include "bench/bench.hpp"
#include "endpointkit/endpointkit.hpp"

namespace ek::bench {
namespace {

using benchmark::State;

constexpr int events_per_stream = 1000;  // The server's default.
constexpr int in_flight = 64;
constexpr int calls_per_round = 1024;

std::string request_body(bool stream) {
  return fmt::format(R"({{"messages":[{{"role":"user","content":"{}"}}]{}}})",
                     std::string(950, 'x'), stream ? R"(,"stream":true)" : "");
}
ChatRequest chat_request() { return {.messages = {user(std::string(950, 'x'))}}; }

struct Server {
  std::string base_url;
  [[nodiscard]] std::string sagemaker_url(bool stream) const {
    return fmt::format("{}/endpoints/bench/invocations{}", base_url,
                       stream ? "-response-stream" : "");
  }
  [[nodiscard]] std::string chat_url() const { return base_url + "/v1/chat/completions"; }

  [[nodiscard]] Endpoint sagemaker(const Client& client = Client()) const {
    return client
        .open("sagemaker://us-east-1/bench",
              Credentials::aws_keys("AKIDEXAMPLE",
                                    Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")),
              {{"base_url", base_url}})
        .value();
  }
  [[nodiscard]] Endpoint azure_ml() const {
    return open("azureml://bench.test/v1/chat/completions", Credentials::bearer(Secret("key")),
                {{"base_url", base_url}})
        .value();
  }
};

void raw_unary(State& state, const std::string& url) {
  RawCurl curl(url, request_body(false));
  for (auto _ : state) benchmark::DoNotOptimize(curl.post(true));
}

void raw_multi(State& state, const std::string& url) {
  RawMulti multi(url, request_body(false), in_flight);
  for (auto _ : state) multi.post(calls_per_round);
  state.SetItemsProcessed(state.iterations() * calls_per_round);
}

void loop_invoke(State& state, const Server& server) {
  const Client client;
  const Endpoint endpoint = server.sagemaker(client);
  const InvokeRequest request{.body = request_body(false)};
  Loop loop(client);
  for (auto _ : state) {
    for (int i = 0; i < in_flight; ++i) (void)loop.invoke(endpoint, request);
    int more = calls_per_round - in_flight;
    while (const auto event = loop.next()) {
      if (const auto* error = event->get_if<Error>())
        return state.SkipWithError(describe(*error).c_str());
      if (more-- > 0) (void)loop.invoke(endpoint, request);
    }
  }
  state.SetItemsProcessed(state.iterations() * calls_per_round);
}

void raw_stream(State& state, const std::string& url) {
  RawCurl curl(url, request_body(true));
  for (auto _ : state) benchmark::DoNotOptimize(curl.post(false));
  state.SetItemsProcessed(state.iterations() * events_per_stream);
}

void signed_invoke(State& state, const Server& server) {
  const Endpoint endpoint = server.sagemaker();
  const InvokeRequest request{.body = request_body(false)};
  for (auto _ : state) {
    const auto reply = endpoint.invoke(request);
    if (!reply) return state.SkipWithError(describe(reply.error()).c_str());
  }
}

void signed_chat(State& state, const Server& server) {
  const Endpoint endpoint = server.sagemaker();
  const ChatRequest request = chat_request();
  for (auto _ : state) {
    const auto reply = endpoint.chat(request);
    if (!reply) return state.SkipWithError(describe(reply.error()).c_str());
  }
}

// The server's streams name no finish reason, so how they end is not looked at; that all came is.
void chat_stream(State& state, const Endpoint& endpoint) {
  const ChatRequest request = chat_request();
  for (auto _ : state) {
    auto stream = endpoint.chat_stream(request).value();
    int texts = 0;
    std::string ended;
    while (const auto event = stream.next()) {
      if (!*event)
        ended = describe(event->error());
      else if (!(*event)->text().empty())
        ++texts;
    }
    if (texts != events_per_stream)
      return state.SkipWithError(fmt::format("{} texts; {}", texts, ended).c_str());
  }
  state.SetItemsProcessed(state.iterations() * events_per_stream);
}

void invoke_stream(State& state, const Endpoint& endpoint) {
  const InvokeRequest request{.body = request_body(true)};
  for (auto _ : state) {
    auto stream = endpoint.invoke_stream(request).value();
    while (const auto piece = stream.next()) {
      if (!*piece) return state.SkipWithError(describe(piece->error()).c_str());
      benchmark::DoNotOptimize(**piece);
    }
  }
  state.SetItemsProcessed(state.iterations() * events_per_stream);
}

}  // namespace

std::vector<Ratio> register_benchmarks(const std::string& base_url) {
  const Server server{base_url};
  benchmark::RegisterBenchmark("raw/unary", raw_unary, server.sagemaker_url(false));
  benchmark::RegisterBenchmark("endpoint/invoke_signed", signed_invoke, server);
  benchmark::RegisterBenchmark("endpoint/chat_signed", signed_chat, server);
  benchmark::RegisterBenchmark("raw/multi_64", raw_multi, server.sagemaker_url(false));
  benchmark::RegisterBenchmark("loop/invoke_64", loop_invoke, server);
  benchmark::RegisterBenchmark("raw/sse", raw_stream, server.chat_url());
  benchmark::RegisterBenchmark("endpoint/chat_stream_sse",
                               [server](State& state) { chat_stream(state, server.azure_ml()); });
  benchmark::RegisterBenchmark("raw/event_stream", raw_stream, server.sagemaker_url(true));
  benchmark::RegisterBenchmark("endpoint/invoke_stream_event_stream", [server](State& state) {
    invoke_stream(state, server.sagemaker());
  });
  return {{"invoke_signed", "endpoint/invoke_signed", "raw/unary", 1.15},
          {"chat_signed", "endpoint/chat_signed", "raw/unary", 1.40},
          {"loop_invoke_64", "loop/invoke_64", "raw/multi_64", 1.25},
          {"chat_stream_sse", "endpoint/chat_stream_sse", "raw/sse", 3.5},
          {"invoke_stream_event_stream", "endpoint/invoke_stream_event_stream", "raw/event_stream",
           1.35}};
}

}  // namespace ek::bench

// How long until something of an answer is there: on a connection that is open already, and on one
// that has to be made with TLS first.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <memory>

#include "bench/bench.hpp"
#include "endpointkit/endpointkit.hpp"
#include "http/curl_transport.hpp"

namespace ek::bench {
namespace {

using benchmark::State;

// The loopback server reads how many events it shall send out of the path.
constexpr std::string_view one_event = "/n1/v1/chat/completions";
constexpr std::string_view paced = "/n100-us1000/v1/chat/completions";

std::string body() {
  return fmt::format(R"({{"messages":[{{"role":"user","content":"{}"}}],"stream":true}})",
                     std::string(950, 'x'));
}

Endpoint open_at(const Client& client, std::string_view path, const std::string& base_url) {
  return client
      .open(fmt::format("azureml://bench.test{}", path), Credentials::bearer(Secret("key")),
            {{"base_url", base_url}})
      .value();
}

bool read(State& state, const Endpoint& endpoint, const ChatRequest& request) {
  auto stream = endpoint.chat_stream(request).value();
  bool any = false;
  while (const auto event = stream.next()) any = any || (*event && !(*event)->text().empty());
  if (!any) state.SkipWithError("no text came");
  return any;
}

void raw_stream(State& state, const std::string& url) {
  RawCurl curl(url, body());
  for (auto _ : state) benchmark::DoNotOptimize(curl.post(false));
}

void stream(State& state, std::string_view path, const std::string& base_url) {
  const Client client;
  const Endpoint endpoint = open_at(client, path, base_url);
  const ChatRequest request{.messages = {user(std::string(950, 'x'))}};
  for (auto _ : state) {
    if (!read(state, endpoint, request)) return;
  }
}

void raw_cold(State& state, const Tls& tls) {
  RawTls raw(tls.base_url + std::string(one_event), body(), tls.roots);
  raw.post();  // reads the roots
  for (auto _ : state) raw.post();
}

// A client of its own each time makes a connection each time; roots and sessions are the
// transport's.
void cold(State& state, const Tls& tls) {
  const auto transport = make_curl_transport({.network = {.ca_file = tls.roots}});
  const ChatRequest request{.messages = {user(std::string(950, 'x'))}};
  const auto ask = [&] {
    const Client client(ClientOptions{.transport = transport});
    return read(state, open_at(client, one_event, tls.base_url), request);
  };
  if (!ask()) return;
  for (auto _ : state) {
    if (!ask()) return;
  }
}

}  // namespace

std::vector<Ratio> register_first_event_benchmarks(const std::string& base_url, const Tls& tls) {
  benchmark::RegisterBenchmark("raw/first_event", raw_stream, base_url + std::string(one_event));
  benchmark::RegisterBenchmark("endpoint/first_event", stream, one_event, base_url);
  benchmark::RegisterBenchmark("raw/paced", raw_stream, base_url + std::string(paced));
  benchmark::RegisterBenchmark("endpoint/paced", stream, paced, base_url);
  benchmark::RegisterBenchmark("raw/first_event_tls", raw_cold, tls);
  benchmark::RegisterBenchmark("endpoint/first_event_tls", cold, tls);
  return {{"first_event_warm", "endpoint/first_event", "raw/first_event", 1.10},
          {"first_event_cold_tls", "endpoint/first_event_tls", "raw/first_event_tls", 1.10},
          {"chat_stream_sse_token_pace", "endpoint/paced", "raw/paced", 1.05}};
}

}  // namespace ek::bench

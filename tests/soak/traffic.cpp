#include "soak/traffic.hpp"

#include <stop_token>
#include <thread>

#include "tools/emulator/faults.hpp"

namespace ek::soak {
namespace {

using namespace std::chrono_literals;

const ChatRequest question{.messages = {user("Tell me about bridges.")}};
constexpr int loop_calls = 16;

InvokeRequest raw_question(const Endpoint& endpoint) {
  if (endpoint.uri().starts_with("vertex:"))
    return {.body = R"({"contents":[{"role":"user","parts":[{"text":"Hello"}]}]})"};
  return {.body = R"({"messages":[{"role":"user","content":"Hello"}],"stream":true})"};
}

template <class T>
std::string end_of(const Result<T>& result) {
  return result ? "ok" : std::string(to_string(result.error().code));
}
template <class Stream>
std::string end_of_stream(Stream& stream) {
  std::string end = "ok";
  while (auto piece = stream.next()) end = end_of(*piece);
  return end;
}

CallOptions ordering(std::string order) {
  return {.retry = RetryPolicy{.max_attempts = 2},
          .headers = {{std::string(emulator::fault_header), std::move(order)}}};
}
const Timeouts short_silence{.first_event = 40ms, .idle = 40ms};

// Each with the ends that it may have, as clouds have framings of their own.
constexpr struct {
  const char* order;
  const char* ends;
} faults[] = {{"403", "permission"},
              {"429;retry-after=0", "rate_limit"},
              {"500", "server_error"},
              {"504;cloud=sagemaker", "server_error ok"},
              {"html", "server_error"},
              {"cut;after=2000", "truncated"},
              {"reset;after=50", "truncated"},
              {"stall;after=2000", "timeout"},
              {"slow-headers", "timeout"},
              {"trickle", "ok"},
              {"garble;after=5", "server_error ok"},
              {"duplicate;event=2", "ok"},
              {"early-close", "ok truncated"},
              {"keep-open", "ok timeout"},
              {"error-frame;after=3", "model_error unavailable"},
              {"unframed-error;after=3", "model_error unavailable ok"}};

}  // namespace

Traffic::Traffic(const Client& client, const std::map<std::string, std::string>& emulator)
    : client_(client) {
  for (const char* cloud : {"SAGEMAKER", "VERTEX", "AZUREML"}) {
    const std::string& uri = emulator.at(std::string("ENDPOINTKIT_") + cloud + "_URI");
    clouds_.push_back(client.open(uri).value());
    limited_.push_back(
        clouds_.back().with_limits({.max_in_flight = 4, .requests_per_minute = 60'000}).value());
  }
  const auto members = std::vector<GroupMember>{{&clouds_[0]}, {&clouds_[1]}, {&clouds_[2]}};
  for (const GroupOrder order : {GroupOrder::listed, GroupOrder::weighted, GroupOrder::fastest})
    groups_.push_back(make_group(members, {.order = order}).value());
  groups_.push_back(make_group(members, {.hedge = Hedge{.after = 1ms, .most = 1}}).value());
}

void Traffic::expect(std::string_view what, const std::string& got, const std::string& wanted) {
  ++calls_;
  if ((" " + wanted + " ").find(" " + got + " ") == std::string::npos)
    complaint_ += std::string(what) + " ended with " + got + " and not with " + wanted + "\n";
}

bool Traffic::round(int number) {
  complaint_.clear();
  const Endpoint& endpoint = clouds_[static_cast<std::size_t>(number) % clouds_.size()];
  whole(endpoint);
  streams(endpoint);
  cancelled(endpoint);
  faulty(endpoint, number);
  grouped(number);
  looped(endpoint, number);
  limited();
  if (number % 16 == 0) threaded(endpoint);
  return complaint_.empty();
}

void Traffic::touch() {
  for (const Endpoint& endpoint : clouds_) expect("chat", end_of(endpoint.chat(question)), "ok");
}

void Traffic::whole(const Endpoint& endpoint) {
  expect("chat", end_of(endpoint.chat(question)), "ok");
  expect("invoke", end_of(endpoint.invoke(raw_question(endpoint))), "ok");
}

void Traffic::streams(const Endpoint& endpoint) {
  auto chat = endpoint.chat_stream(question).value();
  expect("chat_stream", end_of_stream(chat), "ok");
  auto pieces = endpoint.invoke_stream(raw_question(endpoint)).value();
  expect("invoke_stream", end_of_stream(pieces), "ok");
}

void Traffic::cancelled(const Endpoint& endpoint) {
  std::stop_source stop;
  auto stopped = endpoint.chat_stream(question, {.stop = stop.get_token()}).value();
  static_cast<void>(stopped.next());
  stop.request_stop();
  expect("a stopped stream", end_of_stream(stopped), "cancelled ok");
  auto drained = endpoint.chat_stream(question, {.on_cancel = CancelMode::drain}).value();
  static_cast<void>(drained.next());
  drained.cancel();
  expect("a drained stream", end_of_stream(drained), "cancelled ok");
  auto dropped = endpoint.chat_stream(question).value();
  expect("a dropped stream", end_of(dropped.next().value()), "ok");
}

void Traffic::faulty(const Endpoint& endpoint, int number) {
  const auto& fault = faults[static_cast<std::size_t>(number) % std::size(faults)];
  CallOptions options = ordering(fault.order);
  if (std::string_view(fault.ends).find("timeout") != std::string_view::npos)
    options.timeouts = short_silence;
  auto stream = endpoint.chat_stream(question, options).value();
  expect(fault.order, end_of_stream(stream), fault.ends);
}

void Traffic::grouped(int number) {
  const Endpoint& group = groups_[static_cast<std::size_t>(number) % groups_.size()];
  expect("a group's chat", end_of(group.chat(question)), "ok");
  auto stream = group.chat_stream(question, ordering("503;cloud=sagemaker")).value();
  expect("a group's stream", end_of_stream(stream), "ok unavailable");
}

void Traffic::looped(const Endpoint& endpoint, int number) {
  Loop loop(client_);
  for (int i = 0; i < loop_calls; ++i) {
    const auto id = i % 4 == 0   ? loop.chat(endpoint, question)
                    : i % 4 == 1 ? loop.invoke_stream(endpoint, raw_question(endpoint))
                    : i % 4 == 2 ? loop.chat_stream(endpoint, question, ordering("cut;after=900"))
                                 : loop.chat_stream(endpoint, question);
    if (i == 7) loop.cancel(id.value());
  }
  if (number % 8 == 0) return;  // with everything under way
  int ends = 0;
  while (const auto event = loop.next()) ends += event->last ? 1 : 0;
  calls_ += loop_calls - 1;
  expect("the calls of a loop", std::to_string(ends), std::to_string(loop_calls));
}

void Traffic::limited() {
  Loop loop(client_);
  for (int i = 0; i < loop_calls; ++i)
    loop.chat(limited_[static_cast<std::size_t>(i) % limited_.size()], question).value();
  while (const auto event = loop.next())
    expect("a limited call", event->get_if<Error>() == nullptr ? "ok" : "failed", "ok");
}

void Traffic::threaded(const Endpoint& endpoint) {
  std::vector<std::string> ends(8);
  {
    std::vector<std::jthread> threads;
    for (std::string& end : ends)
      threads.emplace_back([&] { end = end_of(endpoint.chat(question)); });
  }
  for (const std::string& end : ends) expect("a call of several threads", end, "ok");
}

}  // namespace ek::soak

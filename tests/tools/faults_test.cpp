// Each fault of the emulator, on each cloud, through each face of the API: how the call ends, that
// what was delivered is true, and that nothing is paid twice.
#include "tools/emulator/faults.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "endpointkit/endpoint.hpp"
#include "endpointkit/group.hpp"
#include "endpointkit/loop.hpp"
#include "endpointkit/observer.hpp"
#include "tools/emulated.hpp"

namespace ek {
namespace {

using namespace std::chrono_literals;
using emulator::Emulator;
using nlohmann::json;

/// What an application saw of a call.
struct Outcome {
  int pieces = 0;    // events of a stream, or the one reply
  std::string text;  // delivered
  int ends = 0;      // ways to end: a Finished, a reply, the end of a stream, an error
  std::optional<Error> error;

  void take(const ChatEvent& event) {
    ++pieces;
    text += event.text();
    if (event.get_if<Finished>() != nullptr) ++ends;
  }
  void take(const std::string& bytes) {
    ++pieces;
    text += bytes;
  }
  void take(const ChatReply& reply) {
    text = reply.text();
    ++ends;
  }
  void take(const InvokeReply& reply) {
    text = reply.body;
    ++ends;
  }
  void take(const StreamEnd&) { ++ends; }
  void take(const Error& why) {
    error = why;
    ++ends;
  }
  template <class T>
  void take(const Result<T>& result) {
    if (result) return take(*result);
    take(result.error());
  }
  /// "ok", or code and phase.
  [[nodiscard]] std::string name() const {
    if (!error) return "ok";
    return std::string(to_string(error->code)) + "/" + std::string(to_string(error->phase));
  }
};

const ChatRequest question{.messages = {user("Tell me about bridges.")}};
// The same in the JSON of the model behind `endpoint`.
InvokeRequest raw_question(const Endpoint& endpoint, bool stream) {
  if (endpoint.uri().starts_with("vertex:"))
    return {.body =
                R"({"contents":[{"role":"user","parts":[{"text":"Tell me about bridges."}]}]})"};
  return {.body =
              std::string(R"({"messages":[{"role":"user","content":"Tell me about bridges."}])") +
              (stream ? R"(,"stream":true})" : "}")};
}

Outcome chat(const Client&, const Endpoint& endpoint, const CallOptions& options) {
  Outcome outcome;
  outcome.take(endpoint.chat(question, options));
  return outcome;
}
Outcome invoke(const Client&, const Endpoint& endpoint, const CallOptions& options) {
  Outcome outcome;
  outcome.take(endpoint.invoke(raw_question(endpoint, false), options));
  return outcome;
}
Outcome chat_stream(const Client&, const Endpoint& endpoint, const CallOptions& options) {
  Outcome outcome;
  auto stream = endpoint.chat_stream(question, options).value();
  while (auto event = stream.next()) outcome.take(*event);
  return outcome;
}
Outcome invoke_stream(const Client&, const Endpoint& endpoint, const CallOptions& options) {
  Outcome outcome;
  auto stream = endpoint.invoke_stream(raw_question(endpoint, true), options).value();
  while (auto piece = stream.next()) outcome.take(*piece);
  if (!outcome.error) outcome.take(StreamEnd{});
  return outcome;
}
Outcome take_all(Loop& loop) {
  Outcome outcome;
  while (auto event = loop.next())
    std::visit([&](const auto& value) { outcome.take(value); }, event->value);
  return outcome;
}
Outcome loop_chat(const Client& client, const Endpoint& endpoint, const CallOptions& options) {
  Loop loop(client);
  loop.chat(endpoint, question, options).value();
  return take_all(loop);
}
Outcome loop_invoke(const Client& client, const Endpoint& endpoint, const CallOptions& options) {
  Loop loop(client);
  loop.invoke(endpoint, raw_question(endpoint, false), options).value();
  return take_all(loop);
}
Outcome loop_chat_stream(const Client& client, const Endpoint& endpoint,
                         const CallOptions& options) {
  Loop loop(client);
  loop.chat_stream(endpoint, question, options).value();
  return take_all(loop);
}
Outcome loop_invoke_stream(const Client& client, const Endpoint& endpoint,
                           const CallOptions& options) {
  Loop loop(client);
  loop.invoke_stream(endpoint, raw_question(endpoint, true), options).value();
  return take_all(loop);
}

// A group of one adds nothing and takes nothing away.
Outcome group_chat(const Client& client, const Endpoint& endpoint, const CallOptions& options) {
  return chat(client, make_group({{&endpoint}}).value(), options);
}
Outcome group_chat_stream(const Client& client, const Endpoint& endpoint,
                          const CallOptions& options) {
  return chat_stream(client, make_group({{&endpoint}}).value(), options);
}

enum Kind : unsigned { whole_chat = 1, whole_bytes = 2, chat_events = 4, byte_pieces = 8 };
constexpr unsigned whole = whole_chat | whole_bytes;
constexpr unsigned streams = chat_events | byte_pieces;
constexpr unsigned chats = whole_chat | chat_events;
constexpr unsigned bytes = whole_bytes | byte_pieces;
constexpr unsigned all = whole | streams;

struct Face {
  const char* name;
  Kind kind;
  Outcome (*run)(const Client& client, const Endpoint& endpoint, const CallOptions& options);
  bool keeps_connections = true;
};
constexpr Face faces[] = {
    {"chat", whole_chat, chat},
    {"invoke", whole_bytes, invoke},
    {"chat_stream", chat_events, chat_stream},
    {"invoke_stream", byte_pieces, invoke_stream},
    {"loop.chat", whole_chat, loop_chat, false},
    {"loop.invoke", whole_bytes, loop_invoke, false},
    {"loop.chat_stream", chat_events, loop_chat_stream, false},
    {"loop.invoke_stream", byte_pieces, loop_invoke_stream, false},
    {"group.chat", whole_chat, group_chat},
    {"group.chat_stream", chat_events, group_chat_stream},
};

struct Row {
  std::string order;
  unsigned kinds = all;        // of faces
  std::string outcome = "ok";  // Outcome::name()
  int hits = 1;                // requests that the fault hit
  int paid = 1;                // generations that a provider would bill
  Timeouts timeouts{};
  std::string clouds = "sagemaker vertex azureml";
  bool kept_connection = false;  // a face that keeps none is left out
};

// For faults that only a timer ends: being late, this machine only ends them later.
const Timeouts short_idle{.idle = 40ms};
const Timeouts short_first_event{.first_event = 40ms};
const Timeouts short_total{.total = 100ms};

// A row for each thing that an application could see.
const Row rows[] = {
    // Refused: nothing is paid, and what may be tried again is, within the policy.
    {"401", all, "authentication/headers", 1, 0, {}, "sagemaker azureml"},
    {"401", all, "authentication/headers", 2, 0, {}, "vertex"},  // once with a new token
    {"401;times=1", all, "ok", 1, 1, {}, "vertex"},
    {"expired-token", all, "authentication/headers", 1, 0, {}, "sagemaker azureml"},
    {"expired-token;times=1", all, "ok", 1, 1, {}, "vertex"},
    {"403", all, "permission/headers", 1, 0},
    {"429", all, "rate_limit/headers", 3, 0},
    {"429;times=2", all, "ok", 2, 1},
    {"500", all, "server_error/headers", 3, 0},
    {"500;times=2", all, "ok", 2, 1},
    {"502;times=2", all, "ok", 2, 1},
    {"503;times=2", all, "ok", 2, 1},
    // A gateway's timeout says nothing about the model, which may have answered.
    {"504", all, "server_error/headers", 1, 0, {}, "sagemaker"},
    {"504", all, "timeout/headers", 1, 0, {}, "vertex azureml"},
    {"html", all, "server_error/headers", 3, 0},
    {"html;times=1", all, "ok", 1, 1},
    // Not what was promised. Raw bytes are handed out as they come.
    {"html;status=200", chats, "server_error/decode", 1, 0},
    {"html;status=200", bytes, "ok", 1, 0},
    {"wrong-type", all, "ok"},
    // Late.
    {"slow-headers", whole, "timeout/total", 1, 0, short_total},
    {"slow-headers", streams, "timeout/first_event", 1, 0, short_first_event},
    {"stall", streams, "timeout/first_event", 1, 1, short_first_event},
    {"stall;after=20", whole, "timeout/idle", 1, 1, short_idle},
    {"stall;after=2000", streams, "timeout/idle", 1, 1, short_idle},
    {"stall;after=20;ms=5", all, "ok"},
    {"trickle", all, "ok"},
    // Cut: never "stop", and never asked again, since it may have been paid.
    {"cut", all, "truncated/stream"},
    {"cut;after=50", all, "truncated/stream"},
    {"cut;after=2000", streams, "truncated/stream"},
    {"reset;after=50", all, "truncated/stream"},
    {"reset;after=2000", streams, "truncated/stream"},
    // A kept connection that breaks at once was stale: the request goes out anew.
    {"reset;times=1", whole, "ok", 1, 1, {}, "sagemaker vertex azureml", true},
    // Spoilt.
    {"garble", whole_chat, "server_error/decode"},
    {"garble;after=5", chat_events, "server_error/decode", 1, 1, {}, "sagemaker vertex"},
    {"garble;after=5", byte_pieces, "server_error/decode", 1, 1, {}, "sagemaker"},
    {"garble;after=5", chat_events, "ok", 1, 1, {}, "azureml"},  // told of as a provider's event
    {"wrong-crc", streams, "server_error/decode", 1, 1, {}, "sagemaker"},
    {"wrong-crc;event=5", streams, "server_error/decode", 1, 1, {}, "sagemaker"},
    {"duplicate;event=2", streams, "ok"},
    // After the end. Gemini's streams and raw bytes have none but that of the body.
    {"early-close", whole | chat_events, "ok", 1, 1, {}, "sagemaker azureml"},
    {"early-close", whole, "ok", 1, 1, {}, "vertex"},
    {"early-close", chat_events, "truncated/stream", 1, 1, {}, "vertex"},
    {"early-close", byte_pieces, "truncated/stream"},
    {"keep-open", whole | chat_events, "ok", 1, 1, {}, "sagemaker azureml"},
    {"keep-open", whole, "ok", 1, 1, {}, "vertex"},
    {"keep-open", chat_events, "timeout/idle", 1, 1, short_idle, "vertex"},
    {"keep-open", byte_pieces, "timeout/idle", 1, 1, short_idle},
    // An error inside a stream that began well: the model was at work.
    {"error-frame;after=0", streams, "model_error/stream", 1, 1, {}, "sagemaker"},
    {"error-frame;after=0", chat_events, "unavailable/stream", 1, 1, {}, "vertex azureml"},
    {"error-frame;after=3", streams, "model_error/stream", 1, 1, {}, "sagemaker"},
    {"error-frame;after=3", chat_events, "unavailable/stream", 1, 1, {}, "vertex azureml"},
    {"unframed-error;after=0", streams, "unavailable/stream", 1, 1, {}, "sagemaker"},
    {"unframed-error;after=0", chat_events, "unavailable/stream", 1, 1, {}, "vertex azureml"},
    {"unframed-error;after=9", streams, "unavailable/stream", 1, 1, {}, "sagemaker"},
    {"unframed-error;after=3", chat_events, "unavailable/stream", 1, 1, {}, "vertex azureml"},
};

class Clouds : public test::Emulated, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override { start(); }
  [[nodiscard]] int hits(const std::string& order) const {
    return stats()["faults"].value(order, 0);
  }

  void run(const Row& row, const Face& face, const Client& client, const Outcome& good);
};

void Clouds::run(const Row& row, const Face& face, const Client& client, const Outcome& good) {
  const std::string order = row.order + ";id=" + face.name;
  SCOPED_TRACE(order);
  const Endpoint endpoint = open(client, GetParam());
  if (row.kept_connection) face.run(client, endpoint, {});
  const int paid = generations();
  CallOptions options = ordering(order);
  options.timeouts = row.timeouts;
  const Outcome outcome = face.run(client, endpoint, options);

  EXPECT_EQ(outcome.name(), row.outcome) << (outcome.error ? describe(*outcome.error) : "");
  EXPECT_EQ(outcome.ends, 1);
  EXPECT_EQ(generations() - paid, row.paid);
  EXPECT_EQ(hits(order), row.hits);
  if ((face.kind & chats) != 0 && !row.order.starts_with("duplicate")) {
    EXPECT_THAT(good.text, testing::StartsWith(outcome.text));
  }
  if (!outcome.error) return;
  EXPECT_EQ(outcome.error->output_delivered, outcome.pieces > 0);
  EXPECT_EQ(outcome.error->attempts, row.hits);
}

TEST_P(Clouds, EndEachCallAsItsFaultSays) {
  for (const Face& face : faces) {
    const Client client = this->client();
    const Outcome good = face.run(client, open(client, GetParam()), {});
    ASSERT_EQ(good.name(), "ok");
    for (const Row& row : rows) {
      const bool meant = (row.kinds & face.kind) != 0 &&
                         row.clouds.find(GetParam()) != std::string::npos &&
                         (face.keeps_connections || !row.kept_connection);
      if (meant) run(row, face, client, good);
    }
  }
}

/// Keeps what was said of the wait before the next attempt.
struct Waits final : Observer {
  std::optional<std::chrono::milliseconds> last;
  void on_moment(const CallMoment& moment) noexcept override {
    if (moment.retry_in) last = moment.retry_in;
  }
};

TEST_P(Clouds, WaitAsLongAsTheProviderAsks) {
  const std::pair<const char*, std::chrono::milliseconds> wishes[] = {
      {"retry-after-ms=20", 20ms}, {"x-ms-retry-after-ms=20", 20ms}, {"x-amz-retry-after=20", 20ms},
      {"retry-after=0.02", 20ms},  {"retry-after=0", 0ms},           {"retry-date=0", 0ms},
      {"retry-after=-5", 0ms},     {"retry-after=soon", 0ms},        {"retry-after-ms=1e999", 0ms}};
  const Client client = this->client();
  for (const std::string status : {"429", "503"}) {
    for (const auto& [wish, wait] : wishes) {
      const std::string order = status + ";times=1;" + wish;
      CallOptions options = ordering(order);
      const auto waits = std::make_shared<Waits>();
      options.observer = waits;
      const Outcome outcome = chat(client, open(client, GetParam()), options);
      EXPECT_EQ(outcome.name(), "ok") << order;
      EXPECT_EQ(waits->last, wait) << order;
    }
  }
}

TEST_P(Clouds, HandOutAWishThatIsTooLongToBeGranted) {
  std::vector<std::pair<std::string, std::chrono::milliseconds>> wishes = {
      {"429;retry-after=61", 61s},
      {"503;retry-after=61", 61s},
      {"429;retry-after-ms=61000", 61s},
      {"429;x-ms-retry-after-ms=61000", 61s},
      {"429;retry-after=99999999999999999999", 1'000'000'000'000ms}};
  if (GetParam() == "vertex") wishes.emplace_back("429;retry-info=61", 61s);
  const Client client = this->client();
  for (const auto& [order, wish] : wishes) {
    const Outcome outcome = chat(client, open(client, GetParam()), ordering(order));
    ASSERT_TRUE(outcome.error) << order;
    EXPECT_EQ(outcome.error->retry_after, wish) << order;
    EXPECT_EQ(hits(order), 1) << order;
  }
  const Outcome dated = chat(client, open(client, GetParam()), ordering("429;retry-date=90"));
  ASSERT_TRUE(dated.error);
  EXPECT_GT(dated.error->retry_after, 61s);
  EXPECT_LE(dated.error->retry_after, 90s);
}

// The fault hits this cloud alone, and the next one stands in, until something was handed out.
TEST_P(Clouds, AreStoodInForUntilTheFirstEvent) {
  const std::string next = GetParam() == "vertex" ? "azureml" : "vertex";
  const Client client = this->client();
  const Endpoint ours = open(client, GetParam());
  const Endpoint theirs = open(client, next);
  const Endpoint group = make_group({{&ours}, {&theirs}}).value();
  const std::pair<const char*, const char*> cases[] = {
      {"503", "ok"}, {"403", "ok"}, {"cut;after=2000", "truncated/stream"}};
  for (const auto& [fault, wanted] : cases) {
    const std::string order = std::string(fault) + ";cloud=" + GetParam();
    SCOPED_TRACE(order);
    const int paid = generations();
    const Outcome outcome = chat_stream(client, group, ordering(order));
    EXPECT_EQ(outcome.name(), wanted) << (outcome.error ? describe(*outcome.error) : "");
    EXPECT_EQ(outcome.ends, 1);
    EXPECT_EQ(hits(order), 1);
    EXPECT_EQ(generations() - paid, 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, Clouds, testing::Values("sagemaker", "vertex", "azureml"),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace ek

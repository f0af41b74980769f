// The commit point: until an application has a piece of the answer, retries, stand-ins and hedges
// are invisible; after it there are none. Whatever happens it sees no token twice, and what was
// generated, and so paid, is what this table says.
#include <gmock/gmock.h>

#include <atomic>
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

const ChatRequest question{.messages = {user("Tell me about bridges.")}};

/// How a stream went: its text, and what it ended with ("finished" or an error's code).
struct Heard {
  std::string text{};
  std::string end{};
  int ends = 0;

  void take(const ChatEvent& event) {
    text += event.text();
    if (event.get_if<Finished>() != nullptr) stop("finished");
  }
  void stop(std::string_view how) {
    end = how;
    ++ends;
  }
};

Heard pull(const Client&, const Endpoint& endpoint, const CallOptions& options) {
  Heard heard;
  auto stream = endpoint.chat_stream(question, options).value();
  while (const auto event = stream.next()) {
    if (*event) {
      heard.take(**event);
    } else {
      heard.stop(to_string(event->error().code));
    }
  }
  return heard;
}

Heard loop(const Client& client, const Endpoint& endpoint, const CallOptions& options) {
  Heard heard;
  Loop loop(client);
  loop.chat_stream(endpoint, question, options).value();
  while (const auto event = loop.next()) {
    if (const auto* part = event->get_if<ChatEvent>()) heard.take(*part);
    if (const auto* error = event->get_if<Error>()) heard.stop(to_string(error->code));
  }
  return heard;
}

// Waits in short turns, as an application with other work does.
Heard peek(const Client&, const Endpoint& endpoint, const CallOptions& options) {
  Heard heard;
  auto stream = endpoint.chat_stream(question, options).value();
  while (true) {
    while (!stream.wait(1ms)) {
    }
    const auto event = stream.next();
    if (!event) return heard;
    if (*event) {
      heard.take(**event);
    } else {
      heard.stop(to_string(event->error().code));
    }
  }
}

Heard whole(const Client&, const Endpoint& endpoint, const CallOptions& options) {
  Heard heard;
  const auto reply = endpoint.chat(question, options);
  if (reply) heard.text = reply->text();
  heard.stop(reply ? "finished" : to_string(reply.error().code));
  return heard;
}

struct Face {
  const char* name;
  Heard (*run)(const Client& client, const Endpoint& endpoint, const CallOptions& options);
  bool streams = true;
};
constexpr Face faces[] = {
    {"chat_stream", pull}, {"wait", peek}, {"loop", loop}, {"chat", whole, false}};

/// How many attempts there were, in all parts of a call.
struct Attempts final : Observer {
  std::atomic<int> started = 0;
  void on_moment(const CallMoment& moment) noexcept override {
    if (moment.kind == CallMoment::Kind::attempt_started) ++started;
  }
};

enum class Via { retry, failover, hedge };

struct Row {
  Via via;
  const char* fault;  // of the first member, or of the only endpoint
  const char* end;
  int sent;  // requests, to all members
  int paid;  // generations that were begun
  bool retry_paid = false;
  bool whole_too = true;  // also for an answer that is not streamed
  bool cut = false;       // only a part of the answer came
  std::chrono::milliseconds hedge_after{30};
};

// "after" counts bytes of the body; the first event of each cloud is over before byte 2000.
const Row rows[] = {
    // Refused: nothing was generated, so another attempt costs nothing.
    {Via::retry, "503;times=2", "finished", 3, 1},
    {Via::retry, "429;times=1;retry-after=0", "finished", 2, 1},
    {Via::retry, "503", "unavailable", 3, 0},
    {Via::failover, "503", "finished", 2, 1},
    {Via::failover, "429", "finished", 2, 1},
    {Via::failover, "403", "finished", 2, 1},
    // Begun: paid once, and again only where that was asked for.
    {Via::retry, "cut;times=1", "truncated", 1, 1},
    {Via::retry, "cut;times=1", "finished", 2, 2, true},
    {Via::retry, "cut", "truncated", 3, 3, true},
    {Via::failover, "cut", "truncated", 1, 1},
    {Via::failover, "cut", "finished", 2, 2, true},
    {Via::retry, "unframed-error;after=0;times=1", "unavailable", 1, 1, false, false},
    {Via::retry, "unframed-error;after=0;times=1", "finished", 2, 2, true, false},
    {Via::failover, "unframed-error;after=0", "unavailable", 1, 1, false, false},
    {Via::failover, "unframed-error;after=0", "finished", 2, 2, true, false},
    // Handed out in part: over, whatever was asked for.
    {Via::retry, "cut;after=2000", "truncated", 1, 1, true, false, true},
    {Via::retry, "unframed-error;after=6", "unavailable", 1, 1, true, false, true},
    {Via::failover, "cut;after=2000", "truncated", 1, 1, true, false, true},
    {Via::failover, "unframed-error;after=6", "unavailable", 1, 1, true, false, true},
    // A hedge pays for both where both have begun, which is what it is for.
    {Via::hedge, "slow-headers", "finished", 2, 1},
    {Via::hedge, "stall", "finished", 2, 2},
    {Via::hedge, "503", "finished", 2, 1},
    {Via::hedge, "cut;after=2000", "truncated", 1, 1, true, false, true, 1min},
};

class CommitPoint : public test::Emulated, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override { start(); }
  void run(const Row& row, const Face& face);
};

void CommitPoint::run(const Row& row, const Face& face) {
  const Client client = this->client();
  const Endpoint first = open(client, GetParam());
  const Endpoint second = open(client, GetParam() == "vertex" ? "azureml" : "vertex");
  GroupOptions how;
  if (row.via == Via::hedge) how.hedge = Hedge{.after = row.hedge_after, .most = 1};
  std::optional<Endpoint> group;
  if (row.via != Via::retry) group.emplace(make_group({{&first}, {&second}}, how).value());
  const std::string good = pull(client, first, {}).text, other = pull(client, second, {}).text;
  const int paid = generations();
  const auto attempts = std::make_shared<Attempts>();

  const std::string order =
      std::string(row.fault) + ";cloud=" + GetParam() + ";id=" + face.name + (group ? "g" : "");
  const Heard heard =
      face.run(client, group ? *group : first,
               {.retry = RetryPolicy{.retry_paid = row.retry_paid},
                .headers = {{"x-emulator-fault", order + (row.retry_paid ? "p" : "")}},
                .observer = attempts});
  EXPECT_EQ(heard.end, row.end);
  EXPECT_EQ(heard.ends, 1);
  EXPECT_EQ(attempts->started, row.sent);
  EXPECT_EQ(generations() - paid, row.paid);
  if (heard.end == "finished") {
    EXPECT_THAT(heard.text, testing::AnyOf(good, other));
  } else if (row.cut) {
    EXPECT_FALSE(heard.text.empty());
    EXPECT_THAT(good, testing::StartsWith(heard.text));
  } else {
    EXPECT_EQ(heard.text, "");
  }
}

TEST_P(CommitPoint, ShowsNoTokenTwiceAndPaysWhatIsSaid) {
  constexpr const char* names[] = {"retry", "failover", "hedge"};
  for (const Row& row : rows) {
    for (const Face& face : faces) {
      if (!face.streams && !row.whole_too) continue;
      SCOPED_TRACE(std::string(names[static_cast<int>(row.via)]) + " " + row.fault +
                   (row.retry_paid ? " retry_paid " : " ") + face.name);
      run(row, face);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, CommitPoint, testing::Values("sagemaker", "vertex", "azureml"),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace ek

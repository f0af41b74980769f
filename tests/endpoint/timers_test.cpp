#include "endpoint/timers.hpp"

#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "endpoint/outcome.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(CallTimer, EachIsNamedInItsError) {
  struct Row {
    Phase phase;
    ScriptedReply reply;
    Timeouts timeouts;
    std::chrono::milliseconds after;
  };
  const Timeouts off{.connect = 0ms, .first_event = 0ms, .idle = 0ms, .total = 0ms};
  const auto with = [&](auto member, std::chrono::milliseconds limit) {
    Timeouts timeouts = off;
    timeouts.*member = limit;
    return timeouts;
  };
  const Row table[] = {
      {Phase::first_event,
       {.headers = sse(), .head_after = 60s},
       with(&Timeouts::first_event, 5s),
       5s},
      {Phase::first_event,
       {.headers = sse(), .body = {": ping\n\n", ": ping\n\n", ": ping\n\n"}, .chunk_after = 2s},
       with(&Timeouts::first_event, 5s),
       5s},
      {Phase::idle,
       {.headers = sse(), .body = {text_chunk("x")}, .hangs = true},
       with(&Timeouts::idle, 3s),
       3s},
      {Phase::total,
       {.headers = sse(),
        .body = {text_chunk("x"), text_chunk("x"), text_chunk("x"), text_chunk("x")},
        .chunk_after = 2s},
       with(&Timeouts::total, 7s),
       7s},
  };
  for (const Row& row : table) {
    TestEndpoint test;
    test.transport->reply(row.reply);
    const auto before = test.clock->steady_now();
    const Outcome outcome = stream_hello(test, {.timeouts = row.timeouts});
    ASSERT_TRUE(outcome.error) << to_string(row.phase);
    EXPECT_EQ(outcome.error->code, ErrorCode::timeout);
    EXPECT_EQ(outcome.error->phase, row.phase);
    EXPECT_EQ(test.clock->steady_now() - before, row.after) << to_string(row.phase);
    EXPECT_EQ(test.transport->request_count(), 1U) << "a timer of ours is not retried";
  }
}

TEST(CallTimer, OfConnectingIsTheTransportsWhereverItWasSet) {
  TestEndpoint test;
  const Endpoint of_client = test.open({.timeouts = {.connect = 3s}});
  CallDefaults defaults = of_client.defaults();
  defaults.timeouts.connect = 2s;
  const Endpoint own = of_client.with_defaults(defaults);
  test.transport->handle([](const HttpRequest&) { return refused_connection(); });
  const CallOptions once{.retry = RetryPolicy{.max_attempts = 1}};
  CallOptions call = once;
  call.timeouts = Timeouts{.connect = 1s};
  EXPECT_FALSE(of_client.chat(hello, once));
  EXPECT_FALSE(own.chat(hello, once));
  EXPECT_FALSE(own.chat(hello, call));
  std::vector<std::chrono::milliseconds> limits;
  for (const TransferOptions& transfer : test.transport->transfers())
    limits.push_back(transfer.connect_timeout);
  EXPECT_THAT(limits, testing::ElementsAre(3s, 2s, 1s));
}

TEST(CallTimer, IsTriedAgainOnRetryPaidButForThatOfTheWholeCall) {
  const ScriptedReply silent{.headers = sse(), .hangs = true};
  const ScriptedReply stuck{.body = {"{\"choices\""}, .hangs = true};
  struct Row {
    bool streams;
    ScriptedReply first, second;
    Timeouts timeouts;
    std::size_t sent;  // on retry_paid
  };
  const ScriptedReply streamed{.headers = sse(), .body = {text_chunk("x"), finish_chunk()}};
  const ScriptedReply whole{
      .body = {R"({"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]})"}};
  const Row table[] = {{true, silent, streamed, {.first_event = 1s}, 2},
                       {false, stuck, whole, {.idle = 1s}, 2},
                       {true, silent, streamed, {.total = 1s}, 1},
                       {false, stuck, whole, {.total = 1s}, 1}};
  for (const Row& row : table) {
    for (const bool paid : {false, true}) {
      TestEndpoint test;
      const Endpoint endpoint =
          test.open({.timeouts = row.timeouts, .retry = {.retry_paid = paid}});
      test.transport->reply(row.first);
      const bool again = paid && row.sent == 2;
      if (again) test.transport->reply(row.second);
      const auto end = [&]() -> std::optional<Error> {
        if (row.streams) {
          auto stream = endpoint.chat_stream(hello);
          return drain(*stream).error;
        }
        const auto reply = endpoint.chat(hello);
        return reply ? std::nullopt : std::optional(reply.error());
      }();
      EXPECT_EQ(test.transport->request_count(), paid ? row.sent : 1U);
      EXPECT_EQ(!end, again) << describe(end.value_or(Error{}));
      EXPECT_TRUE(again || end->http_status == 200) << "its answer had begun";
    }
  }
}

// What comes at once; then there is silence, which one of two timers ends.
TEST(CallTimer, ForTheFirstEventIsEndedByPiecesOfTheAnswerAlone) {
  const auto delta = [](std::string_view members) {
    return "data: {\"choices\":[{\"index\":0,\"delta\":{" + std::string(members) + "}}]}\n\n";
  };
  const std::pair<std::string, Phase> table[] = {
      {"", Phase::first_event},  // headers alone
      {": ping\n\n", Phase::first_event},
      {"event: ping\ndata: {}\n\n", Phase::first_event},
      {delta(R"("role":"assistant")"), Phase::first_event},
      {delta(R"("role":"assistant","content":"")"), Phase::first_event},
      {delta(R"("content":null)"), Phase::first_event},
      {delta(""), Phase::first_event},
      {"data: {\"choices\":[],\"usage\":{\"total_tokens\":5}}\n\n", Phase::first_event},
      {delta(R"("content":"x")"), Phase::idle},
      {": ping\n\n" + delta(R"("content":"x")"), Phase::idle},
      {delta(R"("reasoning_content":"x")"), Phase::idle},
      {delta(R"("tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}])"),
       Phase::idle},
  };
  for (const auto& [chunk, timer] : table) {
    TestEndpoint test;
    ScriptedReply reply{.headers = sse(), .hangs = true};
    if (!chunk.empty()) reply.body = {chunk};
    test.transport->reply(reply);
    const auto before = test.clock->steady_now();
    const Outcome outcome = stream_hello(test, {.timeouts = {.first_event = 5s, .idle = 3s}});
    ASSERT_TRUE(outcome.error) << chunk;
    EXPECT_EQ(outcome.error->phase, timer) << chunk;
    EXPECT_EQ(outcome.error->output_delivered, timer == Phase::idle) << chunk;
    EXPECT_EQ(test.clock->steady_now() - before, timer == Phase::idle ? 3s : 5s) << chunk;
  }
}

TEST(CallTimer, StandsStillWhileTheConsumerIsBusy) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(),
                         .body = {text_chunk("a"), text_chunk("b"), finish_chunk()},
                         .chunk_after = 1s});
  const Endpoint endpoint = test.open({.timeouts = {.first_event = 5s, .idle = 5s, .total = 10s}});
  auto stream = endpoint.chat_stream(hello);
  std::string text;
  while (auto event = stream->next()) {
    ASSERT_TRUE(*event) << describe(event->error());
    text += (*event)->text();
    test.clock->advance(1h);  // the application thinks about it
  }
  EXPECT_EQ(text, "ab");
}

TEST(CallTimer, RunsOnOverManyShortWaits) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(), .hangs = true});
  const Endpoint endpoint = test.open({.timeouts = {.first_event = 5s}});
  auto stream = endpoint.chat_stream(hello);
  int waits = 0;
  while (!stream->wait(1s)) ASSERT_LT(++waits, 10);
  EXPECT_EQ(waits, 4);
  EXPECT_EQ(drain(*stream).error->phase, Phase::first_event);
}

TEST(CallTimer, RunsOnBetweenLooksThatDoNotWait) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(), .hangs = true});
  const Endpoint endpoint = test.open({.timeouts = {.first_event = 5s}});
  auto stream = endpoint.chat_stream(hello);
  int looks = 0;
  for (; !stream->wait(0ms); ++looks) {
    ASSERT_LT(looks, 100);
    test.clock->advance(500ms);
  }
  EXPECT_GE(looks, 10);
  EXPECT_EQ(drain(*stream).error->phase, Phase::first_event);
}

TEST(CallTimer, LooksAtWhatHasComeBetweenTwoLooks) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(), .body = {text_chunk("a"), finish_chunk()}});
  const Endpoint endpoint = test.open({.timeouts = {.first_event = 5s, .idle = 5s}});
  auto stream = endpoint.chat_stream(hello);
  EXPECT_FALSE(stream->wait(0ms)) << "the head only: the fake takes a step at a time";
  test.clock->advance(1h);
  EXPECT_TRUE(stream->wait(0ms));
  EXPECT_EQ(drain(*stream).text, "a");
}

TEST(CallTimer, LetsAnAnswerBeReadThatCameWhileNobodyLooked) {
  const std::string long_text(50'000, 'a');  // more than is taken at once
  for (const Timeouts& late : {Timeouts{.first_event = 1s}, Timeouts{.total = 1s}}) {
    TestEndpoint test;
    test.transport->reply({.headers = sse(),
                           .body = {": ping\n\n", text_chunk(long_text), finish_chunk()},
                           .at_once = true,
                           .head_after = 400ms});
    const Endpoint endpoint = test.open({.timeouts = late});
    auto stream = endpoint.chat_stream(hello);
    EXPECT_FALSE(stream->wait(0ms));
    test.clock->advance(2s);
    const Outcome outcome = drain(*stream);
    EXPECT_FALSE(outcome.error) << describe(outcome.error.value_or(Error{}));
    EXPECT_EQ(outcome.text, long_text);
  }
}

TEST(CallTimer, MeasuresTheThroughputWhereSomebodyReads) {
  TestEndpoint test;
  const std::string text(1500, 'a');
  test.transport->reply(
      {.headers = sse(),
       .body = {text_chunk(text), text_chunk(text), text_chunk(text), finish_chunk()},
       .chunk_after = 25s,
       .end_after = 25s});
  const Endpoint endpoint =
      test.open({.timeouts = {.first_event = 60s, .idle = 60s, .min_bytes_per_second = 100}});
  auto stream = endpoint.chat_stream(hello);
  for (int texts = 0; texts < 3; ++texts) {
    while (!stream->wait(0ms)) test.clock->advance(25s);
    const auto event = stream->next();
    ASSERT_TRUE(event && *event) << describe(event->error());
  }
}

TEST(CallTimer, TakesARefusalThatDoesNotEndForWhatItsStatusSays) {
  TestEndpoint test;
  test.transport->reply({.status = 503, .body = {"busy"}, .hangs = true});
  const auto before = test.clock->steady_now();
  const Outcome outcome =
      stream_hello(test, {.timeouts = {.idle = 90s}, .retry = {.max_attempts = 1}});
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::unavailable);
  EXPECT_EQ(outcome.error->phase, Phase::headers);
  EXPECT_EQ(test.clock->steady_now() - before, 5s);
}

TEST(CallTimer, WaitsForAsLongAsAClockCanTell) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(), .body = {text_chunk("a"), finish_chunk()}});
  const Endpoint endpoint = test.open();
  auto stream = endpoint.chat_stream(hello);
  EXPECT_TRUE(stream->wait(std::chrono::milliseconds::max()));
  EXPECT_EQ(drain(*stream).text, "a");
}

TEST(CallTimer, IsNotSwitchedOffByADeadlineThatHasPassed) {
  TestEndpoint test;
  const Endpoint endpoint = test.open();
  for (const CallOptions& options : {CallOptions{.timeouts = Timeouts{.total = -1ms}},
                                     CallOptions{.timeouts = Timeouts{.idle = -1ms}},
                                     CallOptions{.retry = RetryPolicy{.max_attempts = 0}},
                                     CallOptions{.retry = RetryPolicy{.max_backoff = -1ms}}}) {
    const auto stream = endpoint.chat_stream(hello, options);
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code, ErrorCode::invalid_request);
    EXPECT_THAT(stream.error().message, HasSubstr("expected"));
  }
}

TEST(TimeoutError, NamesTheMemberAndItsKey) {
  const std::pair<Phase, const char*> rows[] = {
      {Phase::first_event, "raise Timeouts::first_event (timeout.first_event_ms)"},
      {Phase::idle, "raise Timeouts::idle (timeout.idle_ms)"},
      {Phase::total, "raise Timeouts::total (timeout.total_ms)"},
      {Phase::throughput, "lower Timeouts::min_bytes_per_second (timeout.min_bytes_per_second)"}};
  for (const auto& [phase, said] : rows)
    EXPECT_THAT(timeout_error(phase, {}).message, HasSubstr(said));
}

TEST(CallTimer, EndsAnAnswerThatTrickles) {
  TestEndpoint test;
  ScriptedReply reply{.headers = sse(), .chunk_after = 1s};
  for (int i = 0; i < 100; ++i) reply.body.push_back(text_chunk("x"));
  const std::size_t rate = text_chunk("x").size();  // bytes a second
  for (const std::size_t wanted : {rate / 2, rate * 2}) {
    test.transport->reply(reply);
    const Timeouts timeouts{.min_bytes_per_second = static_cast<std::uint32_t>(wanted)};
    const Outcome outcome = stream_hello(test, {.timeouts = timeouts});
    ASSERT_TRUE(outcome.error);
    if (wanted < rate) {
      EXPECT_EQ(outcome.error->code, ErrorCode::truncated) << "it came to its own end";
      continue;
    }
    EXPECT_EQ(outcome.error->code, ErrorCode::timeout);
    EXPECT_EQ(outcome.error->phase, Phase::throughput);
    EXPECT_THAT(outcome.error->message, HasSubstr("min_bytes_per_second"));
    EXPECT_LE(outcome.text.size(), 10U);
    EXPECT_GE(outcome.text.size(), 9U);
  }
}

}  // namespace
}  // namespace ek::test

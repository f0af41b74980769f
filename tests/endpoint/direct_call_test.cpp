// The state machine through its public faces: what is sent, what comes out, and what time it takes.
#include "endpoint/direct_call.hpp"

#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "endpointkit/observer.hpp"
#include "support/test_endpoint.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const ChatRequest hello{.messages = {user("Hello!")}};

struct Outcome {
  std::string text;
  bool finished = false;
  std::optional<Error> error;
};

Outcome drain(ChatStream& stream) {
  Outcome outcome;
  while (auto event = stream.next()) {
    if (!*event) {
      EXPECT_FALSE(outcome.error) << "an error is the last item";
      outcome.error = event->error();
    } else {
      EXPECT_FALSE(outcome.error);
      outcome.text += (*event)->text();
      outcome.finished |= (*event)->get_if<Finished>() != nullptr;
    }
  }
  return outcome;
}

Outcome stream_hello(TestEndpoint& test, ClientOptions options = {}) {
  const Endpoint endpoint = test.open(std::move(options));
  auto stream = endpoint.chat_stream(hello);
  EXPECT_TRUE(stream);
  return drain(*stream);
}

TEST(CallStream, DeliversTextAndTheEnd) {
  TestEndpoint test;
  test.transport->reply(
      {.headers = sse(), .body = {text_chunk("Hel"), text_chunk("lo"), finish_chunk()}});
  const Outcome outcome = stream_hello(test);
  EXPECT_EQ(outcome.text, "Hello");
  EXPECT_TRUE(outcome.finished);
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(test.transport->aborted(), 0U) << "a stream read to its end keeps its connection";
}

TEST(CallStream, SendsNothingBeforeTheFirstPull) {
  TestEndpoint test;
  const Endpoint endpoint = test.open();
  const auto stream = endpoint.chat_stream(hello);
  ASSERT_TRUE(stream);
  EXPECT_EQ(test.transport->request_count(), 0U);
}

TEST(CallStream, SaysTruncatedWhenTheBodyIsCut) {
  const Error cut = truncated_error();
  const std::vector<ScriptedReply> table = {
      {.headers = sse(), .body = {text_chunk("Hel")}, .error = cut},  // the connection broke
      {.headers = sse(),
       .body = {text_chunk("Hel")}},  // a proper end of HTTP, but no end of the answer
      {.headers = sse(), .body = {text_chunk("Hel"), "data: {\"choi"}},
  };
  for (const ScriptedReply& reply : table) {
    TestEndpoint test;
    test.transport->reply(reply);
    const Outcome outcome = stream_hello(test);
    EXPECT_EQ(outcome.text, "Hel");
    EXPECT_FALSE(outcome.finished);
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code, ErrorCode::truncated);
    EXPECT_TRUE(outcome.error->output_delivered);
    EXPECT_EQ(test.transport->request_count(), 1U) << "nothing is sent again after the first event";
  }
}

TEST(CallStream, GivesTheErrorFrameInsideA200) {
  TestEndpoint test;
  test.transport->reply(
      {.headers = sse(),
       .body = {text_chunk("Hel"),
                "data: {\"error\":{\"message\":\"boom\",\"code\":\"server_error\"}}\n\n"}});
  const Outcome outcome = stream_hello(test);
  EXPECT_EQ(outcome.text, "Hel");
  ASSERT_TRUE(outcome.error);
  EXPECT_THAT(outcome.error->message, HasSubstr("boom"));
}

TEST(CallStream, GivesUnframedErrorJsonInAnEventStream) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(),
                         .body = {"{\"error\":{\"message\":\"context is too "
                                  "long\",\"code\":\"context_length_exceeded\"}}"}});
  const Outcome outcome = stream_hello(test);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::context_length);
}

TEST(CallStream, FinishesAtTheEndMarkerThoughTheSocketStaysOpen) {
  TestEndpoint test;
  test.transport->reply(
      {.headers = sse(), .body = {text_chunk("x"), finish_chunk()}, .hangs = true});
  EXPECT_TRUE(stream_hello(test).finished);
  EXPECT_EQ(test.transport->aborted(), 1U) << "that connection is closed, not kept";
}

TEST(CallRetry, TriesAgainUntilTheFirstEvent) {
  TestEndpoint test;
  test.transport->reply(refused_connection());
  test.transport->reply({.status = 503, .body = {"busy"}});
  test.transport->reply({.headers = sse(), .body = {text_chunk("x"), finish_chunk()}});
  const Outcome outcome = stream_hello(test);
  EXPECT_EQ(outcome.text, "x");
  const auto requests = test.transport->requests();
  ASSERT_EQ(requests.size(), 3U);
  const auto header = [&](std::size_t i, std::string_view name) {
    return std::string(HttpHead{.headers = requests[i].headers}.header(name));
  };
  EXPECT_EQ(header(2, "x-attempt"), "3");
  EXPECT_EQ(header(0, "x-call"), header(2, "x-call"));
  EXPECT_EQ(header(0, "x-call").size(), 36U);
}

TEST(CallRetry, AlsoAfterARetryableErrorFrameBeforeTheFirstEvent) {
  TestEndpoint test;
  test.transport->reply(
      {.headers = sse(),
       .body = {
           "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"overloaded_error\"}}\n\n"}});
  test.transport->reply({.headers = sse(), .body = {text_chunk("x"), finish_chunk()}});
  EXPECT_EQ(stream_hello(test).text, "x");
}

TEST(CallRetry, NotAfterAnErrorFrameOfAModelThatWasAtWork) {
  const ScriptedReply broken{
      .headers = sse(),
      .body = {"data: {\"error\":{\"message\":\"worker died\",\"code\":503}}\n\n"}};
  for (const bool paid : {false, true}) {
    TestEndpoint test;
    test.transport->reply(broken);
    if (paid) test.transport->reply({.headers = sse(), .body = {text_chunk("x"), finish_chunk()}});
    const Outcome outcome = stream_hello(test, {.retry = {.retry_paid = paid}});
    EXPECT_EQ(outcome.text, paid ? "x" : "");
    EXPECT_EQ(outcome.error.has_value(), !paid);
  }
}

TEST(CallRetry, KeepsTheLastErrorWithItsAttempts) {
  TestEndpoint test;
  for (int i = 0; i < 3; ++i)
    test.transport->reply({.status = 503, .headers = {{"x-request-id", "r"}}, .body = {"busy"}});
  const Outcome outcome = stream_hello(test);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::unavailable);
  EXPECT_EQ(outcome.error->phase, Phase::headers);
  EXPECT_EQ(outcome.error->http_status, 503);
  EXPECT_EQ(outcome.error->attempts, 3);
  EXPECT_EQ(outcome.error->request_id, "r");
  EXPECT_EQ(outcome.error->provider_body, "busy");
  EXPECT_FALSE(outcome.error->output_delivered);
}

TEST(CallRetry, WaitsAsLongAsTheProviderAsks) {
  TestEndpoint test;
  test.transport->reply({.status = 429, .headers = {{"retry-after", "7"}}});
  test.transport->reply({.headers = sse(), .body = {finish_chunk()}});
  const auto before = test.clock->steady_now();
  EXPECT_TRUE(stream_hello(test).finished);
  EXPECT_EQ(test.clock->steady_now() - before, 7s);
}

TEST(CallRetry, NeverPaysTwiceUnlessAsked) {
  const Error reset{.code = ErrorCode::transport, .phase = Phase::headers, .message = "reset"};
  TestEndpoint careful;
  careful.transport->reply({.status = 0, .error = reset});
  EXPECT_TRUE(stream_hello(careful).error);
  EXPECT_EQ(careful.transport->request_count(), 1U);

  TestEndpoint generous;
  generous.transport->reply({.status = 0, .error = reset});
  generous.transport->reply({.headers = sse(), .body = {finish_chunk()}});
  EXPECT_TRUE(stream_hello(generous, {.retry = {.retry_paid = true}}).finished);
}

TEST(CallRetry, StopsWhenTheClientsBudgetIsSpent) {
  TestEndpoint test;
  const Endpoint endpoint = test.open();
  while (test.state->budget.take(14)) {
  }
  test.transport->reply({.status = 503});
  auto stream = endpoint.chat_stream(hello);
  EXPECT_EQ(drain(*stream).error->attempts, 1);
}

TEST(CallRetry, SpendsOneBudgetForAllEndpointsOfAClient) {
  TestEndpoint test;
  const Endpoint first = test.open({.retry = {.max_attempts = 100}});
  const Endpoint second = test.make(std::make_unique<PlainCloud>(), test.signer, "test://second");
  test.transport->handle([](const HttpRequest&) { return ScriptedReply{.status = 503}; });
  const auto attempts = [](const Endpoint& endpoint) {
    auto stream = endpoint.chat_stream(hello, {.timeouts = Timeouts{.total = 0s}});
    return drain(*stream).error->attempts;
  };
  EXPECT_EQ(attempts(first), 1 + 500 / 14);
  EXPECT_EQ(attempts(second), 1);
}

TEST(CallSigning, LetsTheIdentityExplainARefusalAndTakesTheProofOutOfIt) {
  TestEndpoint test;
  test.signer->knows_why = true;
  test.transport->reply({.status = 401, .body = {"no\npages about token 1"}});
  const Error error = stream_hello(test).error.value();
  EXPECT_EQ(error.message, "no; Test said no to token ***");
  EXPECT_EQ(error.provider_body, "no\npages about token ***");
}

TEST(CallSigning, KeepsTheProvidersWordsWithoutTheProofIfTheIdentityKnowsNothing) {
  TestEndpoint test;
  test.transport->reply({.status = 400, .body = {"bad header: token 1\nmore"}});
  const Error error = stream_hello(test).error.value();
  EXPECT_EQ(error.message, "bad header: token ***\nmore");
}

TEST(CallSigning, AsksForANewTokenOnceAfterA401) {
  TestEndpoint test;
  test.signer = std::make_shared<CountingSigner>(2);
  test.transport->reply({.status = 401});
  test.transport->reply({.headers = sse(), .body = {finish_chunk()}});
  EXPECT_TRUE(stream_hello(test, {.retry = {.max_attempts = 1}}).finished);
  EXPECT_EQ(HttpHead{.headers = test.transport->requests()[1].headers}.header("authorization"),
            "token 2");

  TestEndpoint refused;
  refused.signer = std::make_shared<CountingSigner>(9);
  refused.transport->reply({.status = 401});
  refused.transport->reply({.status = 401});
  EXPECT_EQ(stream_hello(refused).error->code, ErrorCode::authentication);
  EXPECT_EQ(refused.transport->request_count(), 2U);
}

TEST(CallSigning, ShowsTheIdentityWhatARefusalWantsOfTheNextToken) {
  TestEndpoint test;
  test.signer = std::make_shared<CountingSigner>(2);
  test.transport->reply(
      {.status = 401, .headers = {{"WWW-Authenticate", "Bearer error=\"insufficient_claims\""}}});
  test.transport->reply({.headers = sse(), .body = {text_chunk("x"), finish_chunk()}});
  EXPECT_TRUE(stream_hello(test).finished);
  ASSERT_EQ(test.signer->answers.size(), 1U);
  EXPECT_EQ(test.signer->answers[0].status, 401);
  EXPECT_THAT(std::string(test.signer->answers[0].header("www-authenticate")),
              HasSubstr("insufficient_claims"));
}

TEST(CallSigning, SendsNothingWithoutAProof) {
  TestEndpoint test;
  test.signer->failures = {
      {.code = ErrorCode::authentication, .phase = Phase::credentials, .message = "no keys"}};
  const Outcome outcome = stream_hello(test);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->phase, Phase::credentials);
  EXPECT_EQ(test.transport->request_count(), 0U);
}

// The clock of the tests shows Wed, 25 Nov 2026 12:00:00.
ScriptedReply refused_at(const char* date, int status = 403) {
  return {.status = status, .headers = {{"date", date}}, .body = {"no"}};
}

TEST(CallClock, IsCorrectedByARefusalOfADatedProof) {
  TestEndpoint test;
  test.signer->dated = true;
  test.transport->reply(refused_at("Wed, 25 Nov 2026 13:30:00 GMT", 401));
  test.transport->reply({.headers = sse(), .body = {text_chunk("x"), finish_chunk()}});
  EXPECT_TRUE(stream_hello(test).finished);
  EXPECT_GE(test.state->environment->now() - test.clock->now(), 89min);
  EXPECT_EQ(test.transport->requests().at(1).headers.back().value, "token 1")
      << "what was wrong was the time, not the token";
}

TEST(CallClock, IsNoReasonToTryTwice) {
  TestEndpoint test;
  test.signer->dated = true;
  for (int i = 0; i < 2; ++i)
    test.transport->reply(refused_at("Wed, 25 Nov 2026 13:30:00 GMT", 401));
  const Outcome outcome = stream_hello(test);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->attempts, 2);
  EXPECT_FALSE(outcome.error->retryable);
}

TEST(CallClock, IsLeftAloneWhereADateProvesNothing) {
  const char* hours_off = "Wed, 25 Nov 2026 15:00:00 GMT";
  ScriptedReply cached = refused_at(hours_off, 401), slow = cached;
  cached.headers.push_back({"age", "7200"});
  slow.head_after = 16min;
  struct Row {
    ScriptedReply reply;
    bool dated;
  };
  const Row table[] = {{refused_at(hours_off, 401), false},
                       {refused_at("Wed, 25 Nov 2026 12:03:00 GMT", 401), true},
                       {refused_at("yesterday", 401), true},
                       {refused_at(hours_off, 400), true},
                       {cached, true},
                       {slow, true}};
  for (const Row& row : table) {
    TestEndpoint test;
    test.signer->dated = row.dated;
    test.transport->reply(row.reply);
    ClientOptions patient;
    patient.timeouts = {.first_event = 0ms, .idle = 0ms, .total = 0ms};
    EXPECT_TRUE(stream_hello(test, std::move(patient)).error);
    EXPECT_EQ(test.transport->request_count(), 1U);
    EXPECT_EQ(test.state->clock->offset(), 0s);
  }
}

TEST(CallRetry, ReportsTheLastAttemptAndNothingOfTheOneBefore) {
  TestEndpoint test;
  test.transport->reply({.status = 503, .headers = {{"x-request-id", "r1"}}, .body = {"busy"}});
  test.transport->reply(refused_connection());
  const Outcome outcome = stream_hello(test, {.retry = {.max_attempts = 2}});
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::transport);
  EXPECT_EQ(outcome.error->attempts, 2);
  EXPECT_EQ(outcome.error->request_id, "");
}

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

TEST(CallCancel, EndsAtOnceFromAnotherThread) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(), .body = {text_chunk("x")}, .hangs = true});
  const Endpoint endpoint = test.open({.timeouts = {.first_event = 0s, .idle = 0s, .total = 0s}});
  auto stream = endpoint.chat_stream(hello);
  ASSERT_TRUE(stream->next());
  std::thread other([&] { stream->cancel(); });
  const Outcome outcome = drain(*stream);  // would block for ever
  other.join();
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::cancelled);
  EXPECT_EQ(test.transport->aborted(), 1U);
}

TEST(CallCancel, ListensToTheCallersStopToken) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(), .hangs = true});
  const Endpoint endpoint = test.open({.timeouts = {.first_event = 0s, .idle = 0s, .total = 0s}});
  std::stop_source source;
  auto stream = endpoint.chat_stream(hello, {.stop = source.get_token()});
  std::thread other([&] { source.request_stop(); });
  EXPECT_EQ(drain(*stream).error->code, ErrorCode::cancelled);
  other.join();
}

TEST(CallCancel, BeforeTheFirstPullSendsNothing) {
  TestEndpoint test;
  const Endpoint endpoint = test.open();
  auto stream = endpoint.chat_stream(hello);
  stream->cancel();
  EXPECT_EQ(drain(*stream).error->code, ErrorCode::cancelled);
  EXPECT_EQ(test.transport->request_count(), 0U);
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

const CallOptions draining{.timeouts = Timeouts{.first_event = 0s, .idle = 0s, .total = 0s},
                           .on_cancel = CancelMode::drain};

TEST(CallCancel, ReadsOnForTheUsageWhereThatIsWanted) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(),
                         .body = {text_chunk("a"), text_chunk("b"),
                                  "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,"
                                  "\"completion_tokens\":2,\"total_tokens\":5}}\n\n",
                                  finish_chunk()}});
  const Endpoint endpoint = test.open();
  auto stream = endpoint.chat_stream(hello, draining);
  ASSERT_TRUE(stream->next());
  stream->cancel();
  const Outcome outcome = drain(*stream);
  EXPECT_EQ(outcome.text, "") << "nothing is handed out any more";
  EXPECT_EQ(outcome.error->code, ErrorCode::cancelled);
  EXPECT_EQ(stream->reply().usage.total_tokens, 5);
  EXPECT_EQ(test.transport->aborted(), 0U) << "the connection can be used again";
}

TEST(CallCancel, DoesNotReadOnForEver) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(), .body = {text_chunk("a")}, .hangs = true});
  const Endpoint endpoint = test.open();
  auto stream = endpoint.chat_stream(hello, draining);
  ASSERT_TRUE(stream->next());
  const auto before = test.clock->steady_now();
  stream->cancel();
  EXPECT_EQ(drain(*stream).error->code, ErrorCode::cancelled);
  EXPECT_EQ(test.clock->steady_now() - before, 30s);
}

TEST(CallCancel, SaysCancelledThoughTheRestWasCut) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(), .body = {text_chunk("a")}, .error = truncated_error()});
  const Endpoint endpoint = test.open();
  auto stream = endpoint.chat_stream(hello, draining);
  ASSERT_TRUE(stream->next());
  stream->cancel();
  const Outcome outcome = drain(*stream);
  EXPECT_EQ(outcome.error->code, ErrorCode::cancelled);
  EXPECT_THAT(outcome.error->message, HasSubstr("could not be read"));
}

// What an observer was told, a line a moment.
struct Log final : Observer {
  void on_moment(const CallMoment& moment) noexcept override {
    std::string line(to_string(moment.kind));
    line += " " + std::to_string(moment.attempt);
    if (moment.http_status != 0) line += " " + std::to_string(moment.http_status);
    if (moment.error != nullptr) line += " " + std::string(to_string(moment.error->code));
    if (moment.retry_in) line += " retry";
    if (moment.retry_cost != 0) line += " costs " + std::to_string(moment.retry_cost);
    if (moment.usage != nullptr && moment.usage->total_tokens)
      line += " tokens " + std::to_string(*moment.usage->total_tokens);
    lines.push_back(line);
    ids.insert(std::string(moment.call_id));
    EXPECT_EQ(moment.uri, "test://model");
    EXPECT_GE(moment.took.count(), 0);
  }
  std::vector<std::string> lines;
  std::set<std::string> ids;
};

TEST(CallObserver, IsToldOfEachAttemptItsCostAndTheEnd) {
  TestEndpoint test;
  const auto log = std::make_shared<Log>();
  test.transport->reply({.status = 503, .body = {"busy"}});
  test.transport->reply(
      {.headers = sse(),
       .body = {": ping\n\n", text_chunk("a"), text_chunk("b"),
                "data: {\"choices\":[],\"usage\":{\"total_tokens\":5}}\n\n", finish_chunk()}});
  (void)stream_hello(test, {.observer = log});
  EXPECT_EQ(log->lines, (std::vector<std::string>{"attempt_started 1", "headers 1 503",
                                                  "attempt_failed 1 503 unavailable retry costs 14",
                                                  "attempt_started 2", "headers 2 200",
                                                  "first_event 2 200", "ended 2 200 tokens 5"}));
  EXPECT_EQ(log->ids.size(), 1U);
}

TEST(CallObserver, IsToldWhyACallFailed) {
  TestEndpoint test;
  const auto log = std::make_shared<Log>();
  test.transport->reply({.status = 400, .body = {"no"}});
  (void)stream_hello(test, {.observer = log});
  EXPECT_EQ(log->lines, (std::vector<std::string>{"attempt_started 1", "headers 1 400",
                                                  "attempt_failed 1 400 invalid_request",
                                                  "ended 1 400 invalid_request"}));
}

TEST(CallObserver, OfTheCallComesBeforeThatOfTheClient) {
  TestEndpoint test;
  const auto client = std::make_shared<Log>(), call = std::make_shared<Log>();
  test.transport->reply(
      {.body = {R"({"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],)"
                R"("usage":{"total_tokens":7}})"}});
  const Endpoint endpoint = test.open({.observer = client});
  ASSERT_TRUE(endpoint.chat(hello, {.observer = call}));
  EXPECT_TRUE(client->lines.empty());
  EXPECT_EQ(call->lines.back(), "ended 1 200 tokens 7");
}

TEST(CallLanes, AreUsedAgain) {
  TestEndpoint test;
  const Endpoint endpoint = test.open();
  for (int i = 0; i < 5; ++i) {
    test.transport->reply({.headers = sse(), .body = {finish_chunk()}});
    auto stream = endpoint.chat_stream(hello);
    EXPECT_TRUE(drain(*stream).finished);
  }
  EXPECT_EQ(test.transport->lanes_opened(), 1U);
}

TEST(CallLanes, SurviveAStreamThatIsDropped) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(), .body = {text_chunk("x")}, .hangs = true});
  {
    const Endpoint endpoint = test.open();
    auto stream = endpoint.chat_stream(hello);
    ASSERT_TRUE(stream->next());
  }
  EXPECT_EQ(test.transport->aborted(), 1U);
}

}  // namespace
}  // namespace ek::test

// The state machine through its public faces: what is sent, what comes out.
#include "endpoint/direct_call.hpp"

#include <gmock/gmock.h>

#include "endpoint/outcome.hpp"
#include "signing/aws/identity.hpp"
#include "signing/bearer.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

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
  const Outcome outcome = drain(*stream);
  EXPECT_EQ(outcome.error->attempts, 1);
  EXPECT_THAT(outcome.error->message, HasSubstr("budget of retries is used up"));
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
  test.transport->reply({.status = 401, .body = {"no\npages about token secret-1"}});
  const Error error = stream_hello(test).error.value();
  EXPECT_EQ(error.message, "no; Test said no to token ***");
  EXPECT_EQ(error.provider_body, "no\npages about token ***");
}

TEST(CallSigning, KeepsTheProvidersWordsWithoutTheProofIfTheIdentityKnowsNothing) {
  TestEndpoint test;
  test.transport->reply({.status = 400, .body = {"bad header: token secret-1\nmore"}});
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
            "token secret-2");

  TestEndpoint refused;
  refused.signer = std::make_shared<CountingSigner>(9);
  refused.transport->reply({.status = 401});
  refused.transport->reply({.status = 401});
  EXPECT_EQ(stream_hello(refused).error->code, ErrorCode::authentication);
  EXPECT_EQ(refused.transport->request_count(), 2U);
}

std::vector<std::string> sent_twice(TestEndpoint& test, std::shared_ptr<Signer> signer,
                                    std::string_view name) {
  test.transport->reply({.status = 503, .headers = {{"retry-after", "50"}}});
  test.transport->reply({.headers = sse(), .body = {text_chunk("x"), finish_chunk()}});
  const Endpoint endpoint =
      test.make(std::make_unique<PlainCloud>(), std::move(signer), "test://own");
  auto stream = endpoint.chat_stream(hello);
  EXPECT_TRUE(drain(*stream).finished);
  std::vector<std::string> values;
  for (const HttpRequest& request : test.transport->requests())
    values.emplace_back(HttpHead{.headers = request.headers}.header(name));
  return values;
}

TEST(CallSigning, SendsAFreshTokenAfterAWaitThatOutlivesIt) {
  for (const auto& [lifetime, second] : {std::pair(40s, "Bearer t2"), {3600s, "Bearer t1"}}) {
    TestEndpoint test;
    (void)test.open();
    int fetched = 0;
    const auto fetch = [&](const SignContext&) -> Result<Token> {
      return Token{Secret("t" + std::to_string(++fetched)), lifetime};
    };
    const auto signer =
        make_token_signer({.key = "k", .fetch = fetch}, "somebody",
                          {test.transport, test.state->environment, test.state->tokens});
    EXPECT_THAT(sent_twice(test, signer, "authorization"),
                testing::ElementsAre("Bearer t1", second));
  }
}

TEST(CallSigning, DatesEachAttemptAnew) {
  TestEndpoint test;
  (void)test.open();
  const auto signer = make_sigv4_signer(fixed_aws_keys({"AKIDEXAMPLE", Secret("secret"), {}}),
                                        {.aws_service = "sagemaker", .aws_region = "eu-west-1"},
                                        test.state->environment);
  EXPECT_THAT(sent_twice(test, signer, "x-amz-date"),
              testing::ElementsAre("20261125T120000Z", "20261125T120050Z"));
  EXPECT_NE(HttpHead{.headers = test.transport->requests()[0].headers}.header("authorization"),
            HttpHead{.headers = test.transport->requests()[1].headers}.header("authorization"));
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
  EXPECT_EQ(test.transport->requests().at(1).headers.back().value, "token secret-1")
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

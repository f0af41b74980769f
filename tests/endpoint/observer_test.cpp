#include "endpointkit/observer.hpp"

#include <gmock/gmock.h>

#include "endpoint/outcome.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

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

// Times of the moments, in milliseconds of the call; how long what they end took.
struct Times final : Observer {
  explicit Times(std::shared_ptr<ManualClock> of)
      : clock(std::move(of)), began(clock->steady_now()) {}
  void on_moment(const CallMoment& moment) noexcept override {
    const auto ms = [](auto time) {
      return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
    };
    lines.push_back(std::string(to_string(moment.kind)) + " at " + ms(moment.at - began) +
                    " took " + ms(moment.took));
  }
  const std::shared_ptr<ManualClock> clock;
  const SteadyTime began;
  std::vector<std::string> lines;
};

// Its token takes 100 ms to fetch.
class FetchingSigner final : public Signer {
 public:
  explicit FetchingSigner(std::shared_ptr<ManualClock> clock) : clock_(std::move(clock)) {}
  Result<std::vector<Header>> sign(const HttpRequest&, const SignContext& context) override {
    if (!context.may_fetch()) return fetch_is_due();
    clock_->advance(100ms);
    context.notes->made = true;
    return std::vector<Header>{};
  }
  bool renew(const std::vector<Header>&) override { return false; }
  std::string describe() const override { return "fetching signer"; }

 private:
  const std::shared_ptr<ManualClock> clock_;
};

TEST(CallObserver, IsToldWhenEachThingWasAndHowLongItTook) {
  TestEndpoint test;
  const auto times = std::make_shared<Times>(test.clock);
  (void)test.open();
  const Endpoint endpoint = test.make(std::make_unique<PlainCloud>(),
                                      std::make_shared<FetchingSigner>(test.clock), "test://model");
  test.transport->reply({.headers = sse(),
                         .body = {": ping\n\n", text_chunk("a"), text_chunk("b"), finish_chunk()},
                         .head_after = 20ms,
                         .chunk_after = 10ms});
  auto stream = endpoint.chat_stream(hello, {.observer = times});
  EXPECT_TRUE(drain(*stream).finished);
  EXPECT_EQ(times->lines,
            (std::vector<std::string>{"token_fetched at 100 took 100",
                                      "attempt_started at 100 took 100", "headers at 120 took 20",
                                      "first_event at 140 took 40", "ended at 160 took 160"}));
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

TEST(CallObserver, IsToldTheEndOfACallThatIsDropped) {
  TestEndpoint test;
  const auto log = std::make_shared<Log>();
  test.transport->reply({.headers = sse(), .body = {text_chunk("a")}, .hangs = true});
  const Endpoint endpoint = test.open();
  {
    auto stream = endpoint.chat_stream(hello, {.observer = log});
    ASSERT_TRUE(stream->next());
  }
  EXPECT_EQ(log->lines.back(), "ended 1 200 cancelled");
  { auto never_begun = endpoint.chat_stream(hello, {.observer = log}); }
  EXPECT_EQ(std::count(log->lines.begin(), log->lines.end(), log->lines.back()), 1);
}

TEST(CallObserver, HearsOfNoCancelWhereTheStreamIsLeftAtItsEnd) {
  TestEndpoint test;
  const auto log = std::make_shared<Log>();
  test.transport->reply({.headers = sse(), .body = {text_chunk("a") + finish_chunk()}});
  const Endpoint endpoint = test.open();
  {
    auto stream = endpoint.chat_stream(hello, {.observer = log});
    while (const auto event = stream->next()) {
      if ((*event)->get_if<Finished>() != nullptr) break;
    }
  }
  EXPECT_EQ(log->lines.back(), "ended 1 200");
  EXPECT_EQ(test.transport->aborted(), 0U);
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

}  // namespace
}  // namespace ek::test

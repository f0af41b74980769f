#include "endpoint/token_threads.hpp"

#include <gmock/gmock.h>

#include <latch>
#include <system_error>

#include "endpoint/test_loop.hpp"
#include "endpointkit/group.hpp"
#include "endpointkit/observer.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;

// A signer whose token has to be fetched, which takes until `fetched` is counted down.
class SlowSigner final : public Signer {
 public:
  Result<std::vector<Header>> sign(const HttpRequest&, const SignContext& context) override {
    if (!there_ && !context.may_fetch()) return fetch_is_due();
    if (!there_) {
      const std::stop_callback stopped(context.stop, [&] { release(); });
      thread = std::this_thread::get_id();
      fetching.count_down();
      gate_.wait();
      if (context.stop.stop_requested())
        return Error{.code = ErrorCode::cancelled, .phase = Phase::credentials};
      there_ = true;
    }
    return std::vector<Header>{{"authorization", "token", true}};
  }
  bool renew(const std::vector<Header>&) override { return false; }
  std::string describe() const override { return "slow signer"; }
  void release() {
    if (!released_.exchange(true)) gate_.count_down();
  }

  std::latch fetching{1};
  std::thread::id thread;

 private:
  std::latch gate_{1};
  std::atomic<bool> released_ = false;
  std::atomic<bool> there_ = false;
};

Endpoint with_signer(const TestLoop& test, std::shared_ptr<Signer> signer) {
  return test.make(std::make_unique<PlainCloud>(), std::move(signer), "test://slow");
}

TEST(TokenThreads, LetALoopGoOn) {
  TestLoop test;
  const auto signer = std::make_shared<SlowSigner>();
  const Endpoint slow = with_signer(test, signer);
  for (int i = 0; i < 2; ++i)
    test.transport->reply({.headers = sse(), .body = {text_chunk("x"), finish_chunk()}});
  const auto waits = test.loop.chat_stream(slow, hello, patient);
  const auto goes_on = test.loop.chat_stream(test.endpoint, hello);
  const auto event = test.loop.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->call, *goes_on);
  signer->fetching.wait();
  EXPECT_NE(signer->thread, std::this_thread::get_id());
  signer->release();
  auto heard = drain(test.loop);
  EXPECT_TRUE(heard[*waits].finished);
}

TEST(TokenThreads, FetchOneTokenWhileAnotherDoesNotCome) {
  TestLoop test;
  const auto hangs = std::make_shared<SlowSigner>();
  const auto comes = std::make_shared<SlowSigner>();
  const Endpoint stuck = with_signer(test, hangs);
  const Endpoint fine = with_signer(test, comes);
  for (int i = 0; i < 2; ++i)
    test.transport->reply({.headers = sse(), .body = {text_chunk("x"), finish_chunk()}});
  const auto waits = test.loop.chat_stream(stuck, hello, patient);
  const auto goes_on = test.loop.chat_stream(fine, hello, patient);
  test.loop.process();
  hangs->fetching.wait();
  comes->fetching.wait();
  comes->release();
  const auto event = test.loop.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->call, *goes_on);
  hangs->release();
  auto heard = drain(test.loop);
  EXPECT_TRUE(heard[*waits].finished);
}

TEST(TokenThreads, DoNotCountOnAnIdleOneForTwoIdentities) {
  TestLoop test;
  for (int i = 0; i < 4; ++i)
    test.transport->reply({.headers = sse(), .body = {text_chunk("x"), finish_chunk()}});
  const auto first = std::make_shared<SlowSigner>();
  const Endpoint warm = with_signer(test, first);
  ASSERT_TRUE(test.loop.chat_stream(warm, hello, patient));
  test.loop.process();
  first->release();
  drain(test.loop);
  const auto hangs = std::make_shared<SlowSigner>(), comes = std::make_shared<SlowSigner>();
  const Endpoint stuck = with_signer(test, hangs), fine = with_signer(test, comes);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(test.loop.chat_stream(stuck, hello, patient));
  ASSERT_TRUE(test.loop.chat_stream(fine, hello, patient));
  test.loop.process();
  hangs->fetching.wait();
  comes->fetching.wait();
  comes->release();
  hangs->release();
  EXPECT_EQ(drain(test.loop).size(), 3U);
}

// A token service that refuses, once it is let.
class RefusedSigner final : public Signer {
 public:
  Result<std::vector<Header>> sign(const HttpRequest&, const SignContext& context) override {
    if (!context.may_fetch()) return fetch_is_due();
    context.notes->made = true;
    ++fetches;
    gate.wait();
    return Error{.code = ErrorCode::authentication, .phase = Phase::credentials, .message = "no"};
  }
  bool renew(const std::vector<Header>&) override { return false; }
  std::string describe() const override { return "refused signer"; }

  std::latch gate{1};
  std::atomic<int> fetches = 0;
};

TEST(TokenThreads, TellAllWhoWaitOfARefusalThatOneOfThemWasGiven) {
  TestLoop test;
  const auto signer = std::make_shared<RefusedSigner>();
  const Endpoint refused = with_signer(test, signer);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(test.loop.chat_stream(refused, hello, patient));
  test.loop.process();
  signer->gate.count_down();
  const auto heard = drain(test.loop);
  EXPECT_EQ(heard.size(), 3U);
  for (const auto& [call, outcome] : heard)
    EXPECT_EQ(outcome.error->code, ErrorCode::authentication);
  EXPECT_EQ(signer->fetches, 1);
}

TEST(TokenThreads, EndAJobForWhichThereIsNoThread) {
  TokenThreads threads([](const auto&) -> std::thread {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  });
  const auto job =
      std::make_shared<SignJob>(std::make_shared<SlowSigner>(), HttpRequest{}, SignContext{});
  bool told = false;
  threads.submit(job, [&] { told = true; });
  ASSERT_TRUE(told && job->done());
  EXPECT_EQ(job->proof().error().code, ErrorCode::unavailable);
  EXPECT_TRUE(job->proof().error().retryable);
}

TEST(TokenThreads, EndWithALoopThatIsDestroyed) {
  struct Ends final : Observer {
    void on_moment(const CallMoment& moment) noexcept override {
      if (moment.kind != CallMoment::Kind::ended) return;
      ++count;
      EXPECT_EQ(moment.error->code, ErrorCode::cancelled);
    }
    int count = 0;
  };
  const auto ends = std::make_shared<Ends>();
  {
    TestLoop test({.observer = ends});
    const auto signer = std::make_shared<SlowSigner>();
    const Endpoint slow = with_signer(test, signer);
    test.transport->reply({.headers = sse(), .body = {text_chunk("x")}, .hangs = true});
    ASSERT_TRUE(test.loop.chat_stream(test.endpoint, hello));
    ASSERT_TRUE(test.loop.chat_stream(slow, hello));
    EXPECT_TRUE(test.loop.next());
    signer->fetching.wait();
    test.transport->reply({.headers = sse(), .body = {text_chunk("x")}, .hangs = true});
    ASSERT_TRUE(test.loop.chat_stream(test.endpoint, hello));
    while (!test.loop.process()) continue;
    ASSERT_TRUE(test.loop.chat_stream(slow, hello)) << "and one that has not begun";
  }
  EXPECT_EQ(ends->count, 4) << "also the one whose event nobody took";
}

TEST(TokenThreads, LetACallComeBackThatIsWaitedForInTurns) {
  TestLoop test;
  const auto signer = std::make_shared<SlowSigner>();
  const Endpoint slow = with_signer(test, signer);
  test.transport->reply({.headers = sse(), .body = {text_chunk("x"), finish_chunk()}});
  auto stream = slow.chat_stream(hello, patient);
  EXPECT_FALSE(stream->wait(0ms));
  signer->fetching.wait();
  EXPECT_FALSE(stream->wait(0ms));
  signer->release();
  const auto event = stream->next();
  ASSERT_TRUE(event && *event);
  EXPECT_EQ((*event)->text(), "x");
}

TEST(TokenThreads, LetACallEndWhoseTokenDoesNotCome) {
  TestLoop test;
  const auto signer = std::make_shared<SlowSigner>();
  const Endpoint slow = with_signer(test, signer);
  auto stream = slow.chat_stream(hello, patient);
  EXPECT_FALSE(stream->wait(0ms));
  signer->fetching.wait();
}

TEST(TokenThreads, LetAGroupHedge) {
  TestLoop test;
  const auto signer = std::make_shared<SlowSigner>();
  const Endpoint slow = with_signer(test, signer);
  const Endpoint group = *make_group({{&slow}, {&test.endpoint}}, {.hedge = Hedge{2s, 1}});
  test.transport->reply({.headers = sse(), .body = {text_chunk("x"), finish_chunk()}});
  auto stream = group.chat_stream(hello);
  const auto event = stream->next();
  ASSERT_TRUE(event && *event);
  EXPECT_EQ((*event)->text(), "x");
}

}  // namespace
}  // namespace ek::test

#include "endpointkit/dispatcher.hpp"

#include <gmock/gmock.h>

#include <deque>
#include <map>

#include "support/test_endpoint.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;

const ChatRequest hello{.messages = {user("Hello!")}};

struct TestDispatcher : TestEndpoint {
  explicit TestDispatcher(Dispatcher::Executor executor = {})
      : endpoint(open()), dispatcher(std::in_place, *client, std::move(executor)) {}
  Endpoint endpoint;
  std::optional<Dispatcher> dispatcher;
};

ScriptedReply says(std::string_view text) {
  return {.headers = sse(), .body = {text_chunk(text), finish_chunk()}};
}
const ScriptedReply whole{
    .body = {R"({"choices":[{"message":{"content":"whole"},"finish_reason":"stop"}]})"}};

// A coroutine that nobody waits for.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

TEST(Dispatcher, GivesEachEventToTheCallbackOfItsCall) {
  TestDispatcher test;
  for (const char* text : {"a", "b", "c"}) test.transport->reply(says(text));
  std::map<char, std::string> heard;
  for (const char name : {'x', 'y', 'z'}) {
    ASSERT_TRUE(test.dispatcher->chat_stream(test.endpoint, hello, [&heard, name](LoopEvent event) {
      if (const auto* part = event.get_if<ChatEvent>()) heard[name] += part->text();
      if (event.last) heard[name] += '.';
    }));
  }
  test.dispatcher->run();
  EXPECT_EQ(heard, (std::map<char, std::string>{{'x', "a."}, {'y', "b."}, {'z', "c."}}));
}

TEST(Dispatcher, LetsACallbackBeginCalls) {
  TestDispatcher test;
  for (int i = 0; i < 3; ++i) test.transport->reply(whole);
  int replies = 0;
  std::function<void()> ask = [&] {
    ASSERT_TRUE(test.dispatcher->chat(test.endpoint, hello, [&](LoopEvent) {
      if (++replies < 3) ask();
    }));
  };
  ask();
  test.dispatcher->run();
  EXPECT_EQ(replies, 3);
}

TEST(Dispatcher, RunsCallbacksWhereTheExecutorPutsThem) {
  std::deque<std::function<void()>> queue;
  TestDispatcher test([&](std::function<void()> work) { queue.push_back(std::move(work)); });
  test.transport->reply(says("a"));
  std::string heard;
  ASSERT_TRUE(test.dispatcher->chat_stream(test.endpoint, hello, [&](LoopEvent event) {
    if (const auto* part = event.get_if<ChatEvent>()) heard += part->text();
  }));
  test.dispatcher->run();
  EXPECT_EQ(heard, "");
  for (; !queue.empty(); queue.pop_front()) queue.front()();
  EXPECT_EQ(heard, "a");
}

TEST(Dispatcher, TellsEveryCallbackBeforeItGoes) {
  TestDispatcher test;
  test.transport->reply({.headers = sse(), .hangs = true});
  std::optional<ErrorCode> code;
  ASSERT_TRUE(test.dispatcher->chat_stream(test.endpoint, hello, [&](LoopEvent event) {
    if (const auto* error = event.get_if<Error>()) code = error->code;
    EXPECT_TRUE(event.last);
  }));
  test.dispatcher->poll();
  test.dispatcher.reset();
  EXPECT_EQ(code, ErrorCode::cancelled);
}

TEST(Dispatcher, IsAwaitedForAReply) {
  TestDispatcher test;
  test.transport->reply(whole);
  test.transport->reply({.status = 400, .body = {"no"}});
  std::string heard;
  [](TestDispatcher& t, std::string& out) -> Detached {
    for (int i = 0; i < 2; ++i) {
      const auto reply = co_await t.dispatcher->chat(t.endpoint, hello);
      out += reply ? reply->text() : std::string(to_string(reply.error().code));
      out += ' ';
    }
  }(test, heard);
  test.dispatcher->run();
  EXPECT_EQ(heard, "whole invalid_request ");
}

TEST(Dispatcher, IsAwaitedForEventsAndTheErrorThatEndsThem) {
  TestDispatcher test;
  test.transport->reply(says("a"));
  test.transport->reply({.headers = sse(), .body = {text_chunk("b")}, .error = truncated_error()});
  std::string heard;
  const auto listen = [](TestDispatcher& t, std::string& out) -> Detached {
    auto stream = t.dispatcher->chat_stream(t.endpoint, hello);
    while (auto event = co_await stream.next())
      out += *event ? std::string((*event)->text()) : std::string(to_string(event->error().code));
    out += '.';
  };
  listen(test, heard);
  test.dispatcher->run();
  listen(test, heard);
  test.dispatcher->run();
  EXPECT_EQ(heard, "a.btruncated.");
}

TEST(Dispatcher, CancelsAStreamThatACoroutineDrops) {
  TestDispatcher test;
  test.transport->reply({.headers = sse(), .body = {text_chunk("a")}, .hangs = true});
  [](TestDispatcher& t) -> Detached {
    auto stream = t.dispatcher->chat_stream(t.endpoint, hello);
    (void)co_await stream.next();
  }(test);
  test.dispatcher->run();  // would wait for ever
  EXPECT_EQ(test.transport->aborted(), 1U);
}

TEST(Dispatcher, ResumesACoroutineThatWaitsWhenItGoes) {
  TestDispatcher test;
  test.transport->reply({.headers = sse(), .hangs = true});
  std::string heard;
  [](TestDispatcher& t, std::string& out) -> Detached {
    const auto reply = co_await t.dispatcher->chat(t.endpoint, hello);
    out = to_string(reply.error().code);
  }(test, heard);
  test.dispatcher->poll();
  test.dispatcher.reset();
  EXPECT_EQ(heard, "cancelled");
}

}  // namespace
}  // namespace ek::test

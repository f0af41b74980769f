#include "endpointkit/dispatcher.hpp"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <thread>

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

/// 1,000 pieces of text, "a" each.
ScriptedReply long_answer() {
  std::string body;
  for (int i = 0; i < 1000; ++i) body += text_chunk("a");
  return {.headers = sse(), .body = {body, finish_chunk()}};
}

/// All that goes without waiting: the fake transport takes one step a round.
void poll(Dispatcher& dispatcher) {
  for (int round = 0; round < 20; ++round) dispatcher.poll();
}

TEST(Dispatcher, PausesACallThatIsAheadOfItsExecutor) {
  std::deque<std::function<void()>> queue;
  TestDispatcher test([&](std::function<void()> work) { queue.push_back(std::move(work)); });
  test.transport->reply(long_answer());
  test.transport->reply(says("b"));
  std::string heard;
  std::string other;
  const auto hear = [](std::string& text) {
    return [&text](LoopEvent event) {
      if (const auto* part = event.get_if<ChatEvent>()) text += part->text();
      if (event.last) text += '.';
    };
  };
  ASSERT_TRUE(test.dispatcher->chat_stream(test.endpoint, hello, hear(heard)));
  ASSERT_TRUE(test.dispatcher->chat_stream(test.endpoint, hello, hear(other)));
  std::size_t most = 0;
  while (test.dispatcher->loop().size() > 0) {
    test.dispatcher->poll();
    most = std::max(most, queue.size());
    for (std::size_t i = 0; i < 10 && !queue.empty(); ++i, queue.pop_front()) queue.front()();
  }
  for (; !queue.empty(); queue.pop_front()) queue.front()();
  EXPECT_EQ(heard, std::string(1000, 'a') + ".");
  EXPECT_EQ(other, "b.");
  EXPECT_EQ(most, 64U + 2U) << "the other call's two events too";
}

TEST(Dispatcher, GoesOnAfterCallbacksThatThrow) {
  TestDispatcher test([](const std::function<void()>& work) { work(); });
  test.transport->reply(long_answer());
  int events = 0, thrown = 0;
  bool over = false;
  ASSERT_TRUE(test.dispatcher->chat_stream(test.endpoint, hello, [&](const LoopEvent& event) {
    ++events;
    over = event.last;
    throw std::runtime_error("the application's");
  }));
  while (!over) {
    try {
      test.dispatcher->run();
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  EXPECT_GT(events, 1000);
  EXPECT_EQ(thrown, events);
}

TEST(Dispatcher, RunsOnWhenItIsWokenAndPassesOverCallsThatWereBegunOnItsLoop) {
  TestDispatcher test;
  test.transport->reply(says("a"));
  test.transport->reply(says("b"));
  std::string heard;
  ASSERT_TRUE(test.dispatcher->chat_stream(test.endpoint, hello, [&](const LoopEvent& event) {
    if (const auto* part = event.get_if<ChatEvent>()) heard += part->text();
  }));
  ASSERT_TRUE(test.dispatcher->loop().chat_stream(test.endpoint, hello));
  test.dispatcher->loop().wake();
  test.dispatcher->run();
  EXPECT_EQ(heard, "a");
  EXPECT_EQ(test.dispatcher->loop().size(), 0U);
}

TEST(Dispatcher, LetsNoMoreThanSixtyFourEventsWaitForACoroutine) {
  TestDispatcher test;
  test.transport->reply(long_answer());
  std::string heard;
  std::optional<Dispatcher::Stream> stream = test.dispatcher->chat_stream(test.endpoint, hello);
  poll(*test.dispatcher);
  EXPECT_EQ(test.dispatcher->loop().size(), 1U) << "nobody has asked for an event";
  [](Dispatcher::Stream& from, std::string& out) -> Detached {
    while (auto event = co_await from.next())
      if (*event) out += (*event)->text();
    out += '.';
  }(*stream, heard);
  EXPECT_EQ(heard, std::string(64, 'a'));
  test.dispatcher->run();
  EXPECT_EQ(heard, std::string(1000, 'a') + ".");
}

TEST(Dispatcher, MayGoBeforeItsExecutorHasRunAll) {
  std::deque<std::function<void()>> queue;
  TestDispatcher test([&](std::function<void()> work) { queue.push_back(std::move(work)); });
  test.transport->reply(long_answer());
  std::string heard;
  ASSERT_TRUE(test.dispatcher->chat_stream(test.endpoint, hello, [&](LoopEvent event) {
    if (event.get_if<ChatEvent>() != nullptr) heard += 'e';
    if (event.get_if<Error>() != nullptr) heard += '!';
  }));
  poll(*test.dispatcher);
  test.dispatcher.reset();
  for (; !queue.empty(); queue.pop_front()) queue.front()();
  EXPECT_EQ(heard, std::string(64, 'e') + "!");
}

TEST(Dispatcher, KeepsUpWithAnExecutorOnAnotherThread) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<std::function<void()>> queue;
  TestDispatcher test([&](std::function<void()> work) {
    const std::lock_guard lock(mutex);
    queue.push_back(std::move(work));
    changed.notify_one();
  });
  std::jthread other([&](const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    while (changed.wait(lock, stop, [&] { return !queue.empty(); })) {
      const auto work = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      work();
      lock.lock();
    }
  });
  std::array<std::string, 8> heard;
  for (std::string& text : heard) {
    test.transport->reply(long_answer());
    ASSERT_TRUE(test.dispatcher->chat_stream(test.endpoint, hello, [&text](LoopEvent event) {
      if (const auto* part = event.get_if<ChatEvent>()) text += part->text();
    }));
  }
  test.dispatcher->run();
  {
    std::unique_lock lock(mutex);
    other.request_stop();
  }
  other.join();
  for (; !queue.empty(); queue.pop_front()) queue.front()();
  for (const std::string& text : heard) EXPECT_EQ(text, std::string(1000, 'a'));
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

// The thread that runs has resumed and destroyed a coroutine while the one that began it is still
// about to suspend it.
TEST(Dispatcher, IsAwaitedByCoroutinesThatAnotherThreadResumes) {
  constexpr int calls = 500;
  TestDispatcher test;
  std::stop_source stopped;
  stopped.request_stop();
  const CallOptions over{.stop = stopped.get_token()};
  std::atomic<int> cancelled = 0;
  std::atomic<bool> begun = false;
  std::thread other([&] {
    while (!begun || test.dispatcher->loop().size() > 0) test.dispatcher->run();
  });
  for (int i = 0; i < calls; ++i) {
    [](TestDispatcher& t, const CallOptions& options, std::atomic<int>& count) -> Detached {
      const auto reply = co_await t.dispatcher->chat(t.endpoint, hello, options);
      if (!reply && reply.error().code == ErrorCode::cancelled) ++count;
    }(test, over, cancelled);
  }
  begun = true;
  other.join();
  EXPECT_EQ(cancelled, calls);
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

TEST(Dispatcher, EndsAStreamThatIsDroppedWhileAsManyEventsWaitAsMay) {
  TestDispatcher test;
  ScriptedReply long_answer{.headers = sse()};
  for (int i = 0; i < 100; ++i) long_answer.body.push_back(text_chunk("x"));
  long_answer.hangs = true;
  test.transport->reply(long_answer);
  test.transport->reply(whole);
  const auto use = [&]() -> Detached {
    auto stream = test.dispatcher->chat_stream(test.endpoint, hello);
    (void)co_await stream.next();
    EXPECT_TRUE(co_await test.dispatcher->chat(test.endpoint, hello));
  };
  use();
  test.dispatcher->run();  // would not come back
  EXPECT_EQ(test.dispatcher->loop().size(), 0U);
}

// Owns a coroutine, and destroys it wherever it is.
struct Owned {
  struct promise_type {
    Owned get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

TEST(Dispatcher, ForgetsACoroutineThatIsDestroyedWhileItWaits) {
  TestDispatcher test;
  for (int i = 0; i < 2; ++i) test.transport->reply(says("late"));
  bool resumed = false;
  const auto wait_for_event = [&]() -> Owned {
    auto stream = test.dispatcher->chat_stream(test.endpoint, hello);
    (void)co_await stream.next();
    resumed = true;
  };
  const auto wait_for_reply = [&]() -> Owned {
    (void)co_await test.dispatcher->chat(test.endpoint, hello);
    resumed = true;
  };
  const Owned first = wait_for_event(), second = wait_for_reply();
  first.handle.destroy();
  second.handle.destroy();
  test.dispatcher->run();
  EXPECT_FALSE(resumed);
  EXPECT_EQ(test.dispatcher->loop().size(), 0U);
}

TEST(Dispatcher, MayGoBeforeTheStreamsThatACoroutineDrops) {
  std::deque<std::function<void()>> later;
  TestDispatcher test([&](std::function<void()> work) { later.push_back(std::move(work)); });
  test.transport->reply({.headers = sse(), .body = {text_chunk("a")}, .hangs = true});
  const auto use = [&]() -> Detached {
    auto stream = test.dispatcher->chat_stream(test.endpoint, hello);
    (void)co_await stream.next();
  };
  use();
  while (later.empty()) test.dispatcher->poll();
  auto work = std::move(later);
  test.dispatcher.reset();
  for (const auto& run : work) run();
  for (const auto& run : later) run();
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

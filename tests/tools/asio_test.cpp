// The operations of asio against the emulator: real descriptors, which asio waits on.
#include "endpointkit/asio.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "endpointkit/endpoint.hpp"
#include "endpointkit/observer.hpp"
#include "tools/emulated.hpp"

namespace ek {
namespace {

using namespace std::chrono_literals;
using emulator::Emulator;
using testing::HasSubstr;

const ChatRequest question{.messages = {user("Tell me about bridges.")}};
// The emulator sends nothing, for ever.
const CallOptions silent{.headers = {{"x-emulator-fault", "slow-headers"}}};

class Asio : public test::Emulated {
 protected:
  void SetUp() override {
    start();
    client_.emplace(client());
    endpoint_.emplace(open(*client_, "azureml"));
    calls_.emplace(io_.get_executor(), *client_);
  }

  std::optional<Client> client_;
  std::optional<Endpoint> endpoint_;
  asio::io_context io_;
  std::optional<AsioDispatcher> calls_;
};

TEST_F(Asio, CompletesCallbacksAlsoThoseThatCanOnlyBeMoved) {
  std::string heard;
  int done = 0;
  for (int i = 0; i < 3; ++i) {
    calls_->async_chat(*endpoint_, question,
                       [&, once = std::make_unique<int>(1)](const Result<ChatReply>& reply) {
                         done += *once;
                         heard = reply ? std::string(reply->text()) : describe(reply.error());
                       });
  }
  EXPECT_EQ(done, 0) << "never from inside the call that begins";
  io_.run();  // returns though the dispatcher lives on
  EXPECT_EQ(done, 3);
  EXPECT_THAT(heard, HasSubstr("ridge"));
}

TEST_F(Asio, CompletesFutures) {
  auto reply = calls_->async_chat(*endpoint_, question, asio::use_future);
  auto bytes = calls_->async_invoke(
      *endpoint_, {.body = R"({"messages":[{"role":"user","content":"Hi"}]})"}, asio::use_future);
  std::thread other([&] { io_.run(); });
  EXPECT_TRUE(reply.get());
  EXPECT_TRUE(bytes.get());
  other.join();
}

#ifdef ASIO_HAS_CO_AWAIT  // not with clang 14
TEST_F(Asio, IsAwaited) {
  std::string whole, streamed;
  bool finished = false;
  const auto talk = [&]() -> asio::awaitable<void> {
    const auto reply = co_await calls_->async_chat(*endpoint_, question, asio::use_awaitable);
    whole = reply ? std::string(reply->text()) : describe(reply.error());
    auto stream = calls_->chat_stream(*endpoint_, question);
    while (const auto event = co_await stream.async_next(asio::use_awaitable)) {
      if (!*event) continue;
      streamed += (*event)->text();
      finished |= (*event)->get_if<Finished>() != nullptr;
    }
  };
  asio::co_spawn(io_, talk, asio::detached);
  io_.run();
  EXPECT_TRUE(finished);
  EXPECT_THAT(whole, HasSubstr("ridge"));
  EXPECT_EQ(streamed, whole);
}

/// Whether the call is over.
struct End final : Observer {
  std::atomic<bool> seen = false;
  void on_moment(const CallMoment& moment) noexcept override {
    if (moment.kind == CallMoment::Kind::ended) seen = true;
  }
};

TEST_F(Asio, LeavesALongAnswerWhereItIsUntilItIsAskedFor) {
  const auto end = std::make_shared<End>();
  ChatRequest request = question;
  request.max_tokens = 400;
  auto stream = calls_->chat_stream(*endpoint_, request, {.observer = end});
  while (io_.run_one_for(200ms) > 0) continue;
  EXPECT_FALSE(end->seen);
  int events = 0;
  asio::co_spawn(
      io_,
      [&]() -> asio::awaitable<void> {
        while (const auto event = co_await stream.async_next(asio::use_awaitable)) {
          EXPECT_TRUE(*event);
          ++events;
        }
      },
      asio::detached);
  io_.run();
  EXPECT_GT(events, 64);
  EXPECT_TRUE(end->seen);
}

// Waits for an answer that does not come.
asio::awaitable<void> talk_in_vain(std::shared_ptr<AsioDispatcher> calls, const Endpoint& endpoint,
                                   CallOptions options, bool streamed) {
  if (streamed) {
    auto stream = calls->chat_stream(endpoint, question, options);
    co_await stream.async_next(asio::use_awaitable);
  } else {
    co_await calls->async_chat(endpoint, question, asio::use_awaitable, options);
  }
}

// A coroutine that waits holds what holds its handler: nothing of this may live on.
TEST_F(Asio, LetsGoOfWhatStillRunsWhenItsContextGoes) {
  for (const bool streamed : {false, true}) {
    for (const bool owned_by_coroutine : {false, true}) {
      for (const int turns : {1, 2, 3, 20}) {
        CallOptions options = silent;
        options.observer = std::make_shared<End>();
        {
          asio::io_context io;
          auto calls = std::make_shared<AsioDispatcher>(io.get_executor(), *client_);
          asio::co_spawn(io, talk_in_vain(calls, *endpoint_, options, streamed), asio::detached);
          for (int i = 0; i < turns; ++i) io.poll_one();
          EXPECT_GT(options.observer.use_count(), 1);
          if (owned_by_coroutine) calls.reset();
        }
        EXPECT_EQ(options.observer.use_count(), 1)
            << streamed << owned_by_coroutine << ' ' << turns;
      }
    }
  }
}
#endif

TEST_F(Asio, TellsARequestThatIsWrongAsAResultToo) {
  std::optional<ErrorCode> chat, next;
  calls_->async_chat(*endpoint_, {}, [&](const auto& reply) { chat = reply.error().code; });
  auto stream = calls_->chat_stream(*endpoint_, {});
  stream.async_next([&](const auto& item) { next = item->error().code; });
  EXPECT_FALSE(chat || next);
  io_.run();
  EXPECT_EQ(chat, ErrorCode::invalid_request);
  EXPECT_EQ(next, ErrorCode::invalid_request);
}

TEST_F(Asio, CancelsByTheSlotOfAnOperation) {
  asio::cancellation_signal chat_signal, next_signal;
  std::optional<ErrorCode> chat, next;
  calls_->async_chat(*endpoint_, question,
                     asio::bind_cancellation_slot(
                         chat_signal.slot(), [&](const auto& reply) { chat = reply.error().code; }),
                     silent);
  auto stream = calls_->chat_stream(*endpoint_, question, silent);
  stream.async_next(asio::bind_cancellation_slot(
      next_signal.slot(), [&](const auto& item) { next = item->error().code; }));
  asio::steady_timer soon(io_, 20ms);
  soon.async_wait([&](const auto&) {
    chat_signal.emit(asio::cancellation_type::terminal);
    next_signal.emit(asio::cancellation_type::terminal);
  });
  io_.run();
  EXPECT_EQ(chat, ErrorCode::cancelled);
  EXPECT_EQ(next, ErrorCode::cancelled);
}

// Asio lets a handler own the signal of its slot, so both go when it has run.
TEST_F(Asio, LeavesTheSlotOfAHandlerAloneOnceItMayRun) {
  constexpr int calls = 300;
  std::stop_source stopped;
  stopped.request_stop();
  const CallOptions over{.stop = stopped.get_token()};
  std::atomic<int> cancelled = 0;
  auto open_end = asio::make_work_guard(io_);
  std::thread one([&] { io_.run(); });
  std::thread other([&] { io_.run(); });
  for (int i = 0; i < calls; ++i) {
    auto signal = std::make_shared<asio::cancellation_signal>();
    const auto slot = signal->slot();
    calls_->async_chat(*endpoint_, question,
                       asio::bind_cancellation_slot(
                           slot,
                           [&, signal = std::move(signal)](const Result<ChatReply>& reply) {
                             cancelled += !reply && reply.error().code == ErrorCode::cancelled;
                           }),
                       over);
  }
  open_end.reset();
  one.join();
  other.join();
  EXPECT_EQ(cancelled, calls);
}

TEST_F(Asio, EndsACallAtItsTimerThoughNothingIsHeard) {
  CallOptions hasty = silent;
  hasty.timeouts = Timeouts{.total = 30ms};
  std::optional<Phase> phase;
  calls_->async_chat(
      *endpoint_, question, [&](const auto& reply) { phase = reply.error().phase; }, hasty);
  io_.run();
  EXPECT_EQ(phase, Phase::total);
}

TEST_F(Asio, CompletesWhatStillRunsWhenItGoes) {
  std::optional<ErrorCode> code;
  calls_->async_chat(
      *endpoint_, question, [&](const auto& reply) { code = reply.error().code; }, silent);
  io_.poll();
  calls_.reset();
  io_.run();
  EXPECT_EQ(code, ErrorCode::cancelled);
}

TEST_F(Asio, MayBeDrivenBySeveralThreads) {
  std::atomic<int> good = 0;
  for (int i = 0; i < 32; ++i) {
    calls_->async_chat(*endpoint_, question, [&](const auto& reply) { good += reply ? 1 : 0; });
  }
  std::thread other([&] { io_.run(); });
  io_.run();
  other.join();
  EXPECT_EQ(good, 32);
}

}  // namespace
}  // namespace ek

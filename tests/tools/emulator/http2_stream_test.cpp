#include "tools/emulator/http2_stream.hpp"

#include <gmock/gmock.h>
#include <poll.h>

#include <array>
#include <atomic>
#include <stdexcept>
#include <thread>

namespace ek::emulator {
namespace {

using State = BodySource::Chunk::State;
using testing::ElementsAre;
using testing::IsEmpty;

bool is_readable(int descriptor, int timeout_ms) {
  pollfd entry{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, timeout_ms) == 1;
}

TEST(Mailbox, IsReadableWhileItHoldsSomething) {
  Mailbox mailbox;
  EXPECT_FALSE(is_readable(mailbox.descriptor(), 0));
  mailbox.post(1);
  mailbox.post(3);
  EXPECT_TRUE(is_readable(mailbox.descriptor(), 0));
  EXPECT_THAT(mailbox.take(), ElementsAre(1, 3));
  EXPECT_FALSE(is_readable(mailbox.descriptor(), 0));
  EXPECT_THAT(mailbox.take(), IsEmpty());
}

/// Endless, and counted.
class Endless final : public BodySource {
 public:
  explicit Endless(std::atomic<int>& chunks) : chunks_(chunks) {}
  Chunk next() override {
    ++chunks_;
    return {.bytes = std::string(16'384, 'x')};
  }

 private:
  std::atomic<int>& chunks_;
};

class Http2StreamTest : public testing::Test {
 protected:
  ~Http2StreamTest() override {
    stream_->abandon();
    if (thread_.joinable()) thread_.join();
  }
  void answer(std::function<Reply(const Request&)> handler) {
    thread_ = std::thread([this, handler = std::move(handler)] { stream_->answer(handler); });
  }
  Reply await_head() {
    while (true) {
      EXPECT_TRUE(is_readable(mailbox_->descriptor(), 20'000));
      mailbox_->take();
      if (auto head = stream_->take_head()) return *std::move(head);
    }
  }
  /// All of the body, and what stood at its end.
  std::pair<std::string, Http2Stream::Read> read_all() {
    std::string body;
    while (true) {
      std::array<char, 1000> buffer;
      const Http2Stream::Read read = stream_->read(buffer.data(), buffer.size());
      body.append(buffer.data(), read.bytes);
      if (read.bytes > 0) continue;
      if (read.state != State::more) return {body, read};
      EXPECT_TRUE(is_readable(mailbox_->descriptor(), 20'000));
      mailbox_->take();
    }
  }

  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  const std::shared_ptr<Http2Stream> stream_ = std::make_shared<Http2Stream>(1, mailbox_);
  std::thread thread_;
};

TEST_F(Http2StreamTest, HandsOutTheHeadThenTheBody) {
  stream_->request.path = "/x";
  answer([](const Request& request) {
    return Reply{.status = 201, .body = request.path + std::string(200'000, 'y')};
  });
  const Reply head = await_head();
  EXPECT_EQ(head.status, 201);
  EXPECT_EQ(head.length, 200'002U);
  EXPECT_FALSE(stream_->take_head()) << "it comes once";
  const auto [body, end] = read_all();
  EXPECT_EQ(body, "/x" + std::string(200'000, 'y'));
  EXPECT_EQ(end.state, State::end);
}

class Broken final : public BodySource {
 public:
  Chunk next() override { return {.state = State::cut, .code = 8}; }
};

TEST_F(Http2StreamTest, TellsTheCodeWithWhichItIsCut) {
  answer([](const Request&) { return Reply{.stream = std::make_unique<Broken>()}; });
  EXPECT_FALSE(await_head().length);
  const auto [body, end] = read_all();
  EXPECT_EQ(body, "");
  EXPECT_EQ(end.state, State::cut);
  EXPECT_EQ(end.code, 8);
}

TEST_F(Http2StreamTest, LetsItsSourceWaitForTheReaderAndForNobody) {
  std::atomic<int> chunks = 0;
  answer([&](const Request&) { return Reply{.stream = std::make_unique<Endless>(chunks)}; });
  await_head();
  while (chunks < 5) std::this_thread::yield();
  stream_->abandon();
  thread_.join();
  EXPECT_EQ(chunks, 5) << "four fill the buffer, and one waits";
}

class Throwing final : public BodySource {
 public:
  Chunk next() override { throw std::runtime_error("no more"); }
};

TEST_F(Http2StreamTest, AnswersWith500WhenItsHandlerThrows) {
  answer([](const Request&) -> Reply { throw std::runtime_error("out of order"); });
  EXPECT_EQ(await_head().status, 500);
  const auto [body, end] = read_all();
  EXPECT_THAT(body, testing::HasSubstr("out of order"));
  EXPECT_EQ(end.state, State::end);
}

TEST_F(Http2StreamTest, IsCutWhenItsSourceThrows) {
  answer([](const Request&) { return Reply{.stream = std::make_unique<Throwing>()}; });
  EXPECT_EQ(await_head().status, 200);
  EXPECT_EQ(read_all().second.state, State::cut);
}

TEST_F(Http2StreamTest, TellsItsHandlerThatTheClientLeft) {
  EXPECT_FALSE(stream_->request.client_left());
  answer([](const Request& request) {
    while (!request.client_left()) std::this_thread::yield();
    return Reply{};
  });
  stream_->abandon();
  thread_.join();
}

}  // namespace
}  // namespace ek::emulator

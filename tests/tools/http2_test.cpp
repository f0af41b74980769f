// HTTP/2 from the API to the emulator's TLS port: what is said to one connection, and what each of
// its ends means to the calls on it.
#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "endpointkit/endpoint.hpp"
#include "endpointkit/loop.hpp"
#include "http/http2_words.hpp"
#include "tools/emulated.hpp"

namespace ek {
namespace {

using namespace std::chrono_literals;
using emulator::Emulator;
using nlohmann::json;

const ChatRequest question{.messages = {user("Tell me about bridges.")}};

class Http2 : public test::Emulated {
 protected:
  void SetUp() override { start({}); }
  void TearDown() override {
    std::filesystem::remove(ca_file_);
    Emulated::TearDown();
  }

  void start(emulator::Options options) {
    options.tls = true;
    options.ca_file = ca_file_;
    Emulated::start(std::move(options));
  }
  [[nodiscard]] Client client(HttpVersion version = HttpVersion::http2) const {
    return Emulated::client({.network = {.http_version = version}});
  }
  [[nodiscard]] Endpoint open(const Client& client, const char* cloud = "azureml") const {
    return Emulated::open(client, cloud);
  }
  [[nodiscard]] int tls(const char* what) const { return stats()["tls"][what].get<int>(); }
  [[nodiscard]] int abandoned() const {
    const json stats = this->stats();
    return stats["endpoints"].begin()->at("abandoned").get<int>();
  }
  /// Waits for what the emulator learns a moment later than its client.
  template <class Holds>
  static bool soon(Holds holds) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  const std::string ca_file_ = test::test_path("ca.pem");
};

/// All text, and how it ended: "ok", or code and phase.
struct Answer {
  std::string text;
  std::string end = "ok";
  std::string message;
};
Answer read(ChatStream& stream) {
  Answer answer;
  while (auto event = stream.next()) {
    if (*event) {
      answer.text += (*event)->text();
      continue;
    }
    const Error& error = event->error();
    answer.end = std::string(to_string(error.code)) + "/" + std::string(to_string(error.phase));
    answer.message = error.message;
  }
  return answer;
}
Answer ask(const Endpoint& endpoint, const CallOptions& options = {}) {
  auto stream = endpoint.chat_stream(question, options).value();
  return read(stream);
}

TEST_F(Http2, CarriesWholeAnswersAndStreamsOfSeveralCloudsOnOneConnection) {
  const Client client = this->client();
  for (const char* cloud : {"SAGEMAKER", "AZUREML"}) {
    const Endpoint endpoint = open(client, cloud);
    for (int i = 0; i < 3; ++i) {
      const auto reply = endpoint.chat(question);
      ASSERT_THAT(reply, test::IsOk());
      EXPECT_EQ(ask(endpoint).text, reply->text());
    }
  }
  EXPECT_EQ(tls("http2"), 1);
  EXPECT_EQ(tls("http1"), 0);
}

TEST_F(Http2, IsNotOfferedUnlessItIsSound) {
  for (const HttpVersion version : {HttpVersion::automatic, HttpVersion::http1}) {
    const Client client = this->client(version);
    EXPECT_EQ(ask(open(client)).end, "ok");
  }
  EXPECT_EQ(tls("http2"), has_sound_http2() ? 1 : 0);
  EXPECT_EQ(tls("http1"), has_sound_http2() ? 1 : 2);
}

TEST_F(Http2, TakesALargeQuestion) {
  const Client client = this->client();
  ChatRequest large = question;
  large.messages = {user(std::string(300'000, 'x')), user("Tell me about bridges.")};
  EXPECT_THAT(open(client).chat(large), test::IsOk());
}

/// Starts so many streams of `question` on a loop.
std::vector<CallId> begin_streams(Loop& loop, const Endpoint& endpoint, int count) {
  std::vector<CallId> calls;
  for (int i = 0; i < count; ++i) calls.push_back(loop.chat_stream(endpoint, question).value());
  return calls;
}
/// Reads all calls to their ends.
std::map<CallId, Answer> take_all(Loop& loop) {
  std::map<CallId, Answer> answers;
  while (auto event = loop.next()) {
    Answer& answer = answers[event->call];
    if (const auto* chat = std::get_if<ChatEvent>(&event->value)) answer.text += chat->text();
    const auto* error = std::get_if<Error>(&event->value);
    if (error == nullptr) continue;
    answer.message = error->message;
    answer.end = std::string(to_string(error->code)) + "/" + std::string(to_string(error->phase));
  }
  return answers;
}

TEST_F(Http2, CarriesManyCallsOfALoopOnOneConnection) {
  const Client client = this->client();
  const Endpoint endpoint = open(client);
  const std::string text = ask(endpoint).text;
  Loop loop(client);
  const std::size_t count = begin_streams(loop, endpoint, 100).size();
  const auto answers = take_all(loop);
  EXPECT_EQ(answers.size(), count);
  for (const auto& [call, answer] : answers) {
    EXPECT_EQ(answer.end, "ok");
    EXPECT_EQ(answer.text, text);
  }
  EXPECT_EQ(tls("http2"), 2) << "that of the blocking call, and one for the loop";
}

TEST_F(Http2, ResetsTheStreamOfACancelledCallAndNoOther) {
  start({.tokens_per_second = 500});
  const Client client = this->client();
  const Endpoint endpoint = open(client);
  ask(endpoint);  // tells that the host speaks HTTP/2
  Loop loop(client);
  const std::vector<CallId> calls = begin_streams(loop, endpoint, 16);
  ASSERT_TRUE(loop.next());  // their answers have begun
  loop.cancel(calls[3]);
  const auto answers = take_all(loop);
  for (const CallId call : calls)
    EXPECT_EQ(answers.at(call).end.substr(0, 9), call == calls[3] ? "cancelled" : "ok");
  EXPECT_TRUE(soon([&] { return abandoned() == 1; }));
  EXPECT_EQ(tls("http2"), 2) << "that of the blocking call, and one for the loop";
}

TEST_F(Http2, ResetsAStreamThatIsHalfReadAndKeepsItsConnection) {
  start({.tokens_per_second = 500});
  const Client client = this->client();
  const Endpoint endpoint = open(client);
  {
    auto stream = endpoint.chat_stream(question).value();
    ASSERT_TRUE(stream.next());
  }
  EXPECT_EQ(ask(endpoint).end, "ok");
  EXPECT_TRUE(soon([&] { return abandoned() == 1; }));
  EXPECT_GE(tls("streams_reset"), 1);
  EXPECT_EQ(tls("http2"), 1);
}

TEST_F(Http2, OpensAnotherConnectionAfterGoAway) {
  const Client client = this->client();
  const Endpoint endpoint = open(client);
  EXPECT_EQ(ask(endpoint, ordering("drain")).end, "ok");
  EXPECT_EQ(ask(endpoint).end, "ok");
  EXPECT_EQ(ask(endpoint).end, "ok");
  EXPECT_EQ(tls("http2"), 2);
}

// libcurl before 8.1 does not say whether a stream was refused by itself, so a GOAWAY that may
// cover it ends its call. The others go on, or to a new connection.
TEST_F(Http2, NeitherLosesNorPaysTwiceWhatALoopSentBeforeAGoAway) {
  const Client client = this->client();
  const Endpoint endpoint = open(client);
  for (const char* order : {"goaway;times=1", "drain;times=1"}) {
    SCOPED_TRACE(order);
    const int paid = generations();
    Loop loop(client);
    for (int i = 0; i < 16; ++i)
      ASSERT_THAT(loop.chat_stream(endpoint, question, ordering(order)), test::IsOk());
    int answered = 0;
    for (const auto& [call, answer] : take_all(loop)) {
      if (answer.end == "ok") ++answered;
      EXPECT_THAT(answer.end, testing::AnyOf("ok", "transport/headers")) << answer.message;
    }
    EXPECT_GE(answered, order[0] == 'g' ? 15 : 16);
    EXPECT_EQ(generations() - paid, answered);
  }
}

// libcurl before 8.1 resets finished streams without a length, and servers that count resets say
// GOAWAY(ENHANCE_YOUR_CALM) to the thousandth or so. If they had looked at the next request by
// then, its call fails: it may have been paid.
TEST_F(Http2, StandsMoreStreamsThanAServerLetsAClientReset) {
  const Client client = this->client();
  const Endpoint endpoint = open(client);
  ChatRequest request = question;
  request.max_tokens = 5;
  int failed = 0;
  for (int i = 0; i < 1'200; ++i) {
    auto stream = endpoint.chat_stream(request).value();
    const Answer answer = read(stream);
    if (answer.end != "ok") ++failed;
    EXPECT_THAT(answer.end, testing::AnyOf("ok", "transport/headers")) << answer.message;
  }
  EXPECT_LE(failed, 1);
  EXPECT_LE(generations(), 1'200);
  EXPECT_LE(tls("http2"), 3);
  if (has_sound_http2()) return;
  EXPECT_GE(tls("streams_reset"), 1'000) << "else this shows nothing";
}

}  // namespace
}  // namespace ek

#include "http/curl_exchange.hpp"

#include <gmock/gmock.h>
#include <time.h>

#include "http/run_exchange.hpp"
#include "support/loopback_server.hpp"

namespace ek {
namespace {

using ek::testing::await_close;
using ek::testing::drive;
using ek::testing::gate;
using ek::testing::hang_up;
using ek::testing::LoopbackServer;
using ek::testing::Outcome;
using ek::testing::post;
using ek::testing::reply;
using ek::testing::run;
using ek::testing::Script;
using ek::testing::send;
using ::testing::HasSubstr;

constexpr const char* chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::unique_ptr<Lane> bare_lane() {
  return make_curl_transport(ek::testing::bare_options())->open_lane();
}

TEST(CurlExchange, ShowsTheFirstBytesBeforeTheSecondAreSent) {
  LoopbackServer server(
      {{send(chunked), gate(), send("5\r\nfirst\r\n"), gate(), send("6\r\nsecond\r\n0\r\n\r\n")}});
  const auto lane = bare_lane();
  const auto exchange = lane->start(post(server.url()), {});
  ASSERT_TRUE(drive(*lane, [&] { return exchange->head() != nullptr; }));
  EXPECT_TRUE(exchange->sent());
  EXPECT_EQ(exchange->body(), "");
  server.open_gate();
  ASSERT_TRUE(drive(*lane, [&] { return !exchange->body().empty(); }));
  EXPECT_EQ(exchange->body(), "first");
  EXPECT_FALSE(exchange->ended());
  exchange->consume(2);
  EXPECT_EQ(exchange->body(), "rst");
  server.open_gate();
  ASSERT_TRUE(drive(*lane, [&] { return exchange->ended(); }));
  EXPECT_EQ(exchange->body(), "rstsecond");
  EXPECT_EQ(exchange->error(), nullptr);
}

struct Cut {
  std::string name;
  Script script;
  ErrorCode code;
  Phase phase;
  std::string body{};
};

TEST(CurlExchange, TellsWhereTheAnswerWasCut) {
  const Cut cuts[] = {
      {"at once", {hang_up()}, ErrorCode::transport, Phase::headers},
      {"reset", {ek::testing::reset()}, ErrorCode::transport, Phase::headers},
      {"in the head",
       {send("HTTP/1.1 200 OK\r\nCont"), hang_up()},
       ErrorCode::transport,
       Phase::headers},
      {"after an interim answer",
       {send("HTTP/1.1 100 Continue\r\n\r\n"), hang_up()},
       ErrorCode::transport,
       Phase::headers},
      {"no HTTP", {send("SSH-2.0-x\r\n"), hang_up()}, ErrorCode::transport, Phase::headers},
      {"before the body",
       {send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), hang_up()},
       ErrorCode::truncated,
       Phase::stream},
      {"in the body",
       {send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody"), hang_up()},
       ErrorCode::truncated,
       Phase::stream,
       "body"},
      {"in a chunk",
       {send(std::string(chunked) + "9\r\nbody"), hang_up()},
       ErrorCode::truncated,
       Phase::stream,
       "body"},
      {"between chunks",
       {send(std::string(chunked) + "4\r\nbody\r\n"), hang_up()},
       ErrorCode::truncated,
       Phase::stream,
       "body"},
      {"in the last chunk",
       {send(std::string(chunked) + "4\r\nbody\r\n0\r\n"), hang_up()},
       ErrorCode::truncated,
       Phase::stream,
       "body"},
      {"bad chunk",
       {send(std::string(chunked) + "4\r\nbody\r\nzz\r\n"), hang_up()},
       ErrorCode::truncated,
       Phase::stream,
       "body"},
      {"reset in the body",
       {send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody"), gate(), ek::testing::reset()},
       ErrorCode::truncated,
       Phase::stream,
       "body"},
  };
  for (const Cut& cut : cuts) {
    SCOPED_TRACE(cut.name);
    LoopbackServer server({cut.script});
    server.open_gate();
    const auto lane = bare_lane();
    const Outcome outcome = run(*lane, post(server.url()));
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(to_string(outcome.error->code), to_string(cut.code));
    EXPECT_EQ(to_string(outcome.error->phase), to_string(cut.phase));
    EXPECT_FALSE(outcome.error->retryable);
    EXPECT_THAT(outcome.error->message, HasSubstr("127.0.0.1"));
    EXPECT_TRUE(outcome.sent);
    EXPECT_EQ(server.requests().size(), 1U);
    EXPECT_EQ(outcome.body, cut.body);
  }
}

TEST(CurlExchange, MayBeRetriedIfNothingWasSent) {
  int closed_port = 0;
  {
    LoopbackServer gone({{hang_up()}});
    closed_port = gone.port();
  }
  const auto lane = bare_lane();
  const Outcome refused = run(*lane, post("http://127.0.0.1:" + std::to_string(closed_port)));
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->phase, Phase::connect);
  EXPECT_TRUE(refused.error->retryable);
  EXPECT_FALSE(refused.sent);
  // A label of more than 63 letters is refused by the resolver itself.
  const Outcome unknown = run(*lane, post("http://" + std::string(70, 'a') + ".invalid/"));
  ASSERT_TRUE(unknown.error);
  EXPECT_EQ(unknown.error->phase, Phase::dns);
  EXPECT_TRUE(unknown.error->retryable);
}

TEST(CurlExchange, TimesOutWhileItConnects) {
  LoopbackServer silent({{await_close()}});
  const ek::testing::TestCertificate certificate("IP:127.0.0.1");
  const auto lane = make_curl_transport(ek::testing::trusting(certificate.pem()))->open_lane();
  HttpRequest request = post("https://127.0.0.1:" + std::to_string(silent.port()));
  const Outcome outcome =
      run(*lane, std::move(request), {.connect_timeout = std::chrono::milliseconds(50)});
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::timeout);
  EXPECT_EQ(outcome.error->phase, Phase::connect);
  EXPECT_THAT(outcome.error->message, HasSubstr("50 ms"));
  EXPECT_TRUE(outcome.error->retryable);
  EXPECT_FALSE(outcome.sent);
}

TEST(CurlExchange, ClosesItsConnectionIfItIsDestroyedBeforeTheEnd) {
  LoopbackServer server({{send(chunked), send("5\r\nfirst\r\n"), await_close()}, {reply("next")}});
  const auto lane = bare_lane();
  auto exchange = lane->start(post(server.url()), {});
  ASSERT_TRUE(drive(*lane, [&] { return !exchange->body().empty(); }));
  exchange.reset();
  EXPECT_TRUE(server.await_closed(1));
  EXPECT_EQ(run(*lane, post(server.url())).body, "next");
  EXPECT_EQ(server.connections(), 2U);
}

TEST(CurlExchange, MayBeDestroyedAtOnce) {
  LoopbackServer server({{reply("x")}});
  const auto lane = bare_lane();
  lane->start(post(server.url()), {}).reset();
  EXPECT_EQ(run(*lane, post(server.url())).body, "x");
}

TEST(CurlExchange, EndsWithItsLane) {
  LoopbackServer server({{send(chunked), await_close()}});
  auto lane = bare_lane();
  const auto exchange = lane->start(post(server.url()), {});
  ASSERT_TRUE(drive(*lane, [&] { return exchange->head() != nullptr; }));
  lane.reset();
  EXPECT_TRUE(exchange->ended());
  ASSERT_NE(exchange->error(), nullptr);
  EXPECT_EQ(exchange->error()->code, ErrorCode::truncated);
  EXPECT_EQ(exchange->head()->status, 200);
  exchange->consume(1);
  EXPECT_TRUE(server.await_closed(1));
}

constexpr std::size_t limit = 64 * 1024;
constexpr std::size_t libcurl_piece = 16 * 1024;

std::chrono::nanoseconds thread_cpu() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void expect_back_pressure(const LoopbackServer::Options& options, const HttpOptions& http,
                          std::size_t total) {
  LoopbackServer server({{reply(std::string(total, 'x'))}}, options);
  const auto lane = make_curl_transport(http)->open_lane();
  const auto exchange = lane->start(post(server.url()), {.max_buffered_bytes = limit});
  ASSERT_TRUE(drive(*lane, [&] { return exchange->body().size() >= limit; }));
  const auto before = thread_cpu();
  lane->wait(std::chrono::steady_clock::now() + std::chrono::milliseconds(300));
  EXPECT_LT(thread_cpu() - before, std::chrono::milliseconds(100)) << "wait() spins while paused";
  EXPECT_LE(exchange->body().size(), limit + libcurl_piece);
  EXPECT_LT(server.sent_bytes(), total);
  std::size_t received = 0;
  std::size_t most = 0;
  ASSERT_TRUE(drive(*lane, [&] {
    most = std::max(most, exchange->body().size());
    received += exchange->body().size();
    exchange->consume(exchange->body().size());
    return exchange->ended();
  }));
  EXPECT_EQ(exchange->error(), nullptr);
  EXPECT_EQ(received, total);
  EXPECT_LE(most, limit + libcurl_piece);
}

TEST(CurlExchange, SlowsTheSenderWhileNothingIsConsumed) {
  expect_back_pressure({.send_buffer_bytes = 65536}, ek::testing::bare_options(), 64'000'000);
}

TEST(CurlExchange, SlowsTheSenderOverTlsToo) {
  const ek::testing::TestCertificate certificate("IP:127.0.0.1");
  expect_back_pressure({.certificate = &certificate, .send_buffer_bytes = 65536},
                       ek::testing::trusting(certificate.pem()), 32'000'000);
}

TEST(CurlExchange, PausesAndGoesOnManyTimesWithinOneBuffer) {
  std::string body;
  std::string wire = chunked;
  for (int i = 0; i < 2000; ++i) {
    body += "event " + std::to_string(i % 10);
    wire += "7\r\nevent " + std::to_string(i % 10) + "\r\n";
  }
  wire += "0\r\n\r\n";
  for (const std::size_t small : {std::size_t{0}, std::size_t{1}, std::size_t{100}}) {
    LoopbackServer server({{send(wire)}, {reply("again")}});
    const auto lane = bare_lane();
    const Outcome outcome = run(*lane, post(server.url()), {.max_buffered_bytes = small});
    EXPECT_FALSE(outcome.error);
    EXPECT_TRUE(outcome.body == body) << outcome.body.size();
    EXPECT_EQ(run(*lane, post(server.url())).body, "again");
    EXPECT_EQ(server.connections(), 1U);
  }
}

// libcurl keeps a buffer of that size for each.
TEST(CurlExchange, ReadsLittleAtOnceWhereTheMemoryForEachIsLittle) {
  const std::string large(200'000, 'x');
  LoopbackServer server({{reply(large)}});
  HttpOptions options = ek::testing::bare_options();
  options.network.max_buffered_bytes = 1;
  const auto lane = make_curl_transport(options)->open_lane();
  const auto exchange = lane->start(post(server.url()), {.max_buffered_bytes = 1});
  ASSERT_TRUE(drive(*lane, [&] { return !exchange->body().empty(); }));
  EXPECT_LE(exchange->body().size(), 2048U);
  EXPECT_EQ(ek::testing::finish(*lane, *exchange).body, large);
}

TEST(CurlExchange, MayBeDestroyedWhilePausedAndWhileResuming) {
  LoopbackServer server({{reply(std::string(1'000'000, 'x'))}});
  const auto lane = bare_lane();
  for (const bool resuming : {false, true}) {
    const auto exchange = lane->start(post(server.url()), {.max_buffered_bytes = limit});
    ASSERT_TRUE(drive(*lane, [&] { return exchange->body().size() >= limit; }));
    lane->wait(std::chrono::steady_clock::now());
    if (resuming) exchange->consume(limit);
  }
  EXPECT_EQ(run(*lane, post(server.url())).body.size(), 1'000'000U);
}

}  // namespace
}  // namespace ek

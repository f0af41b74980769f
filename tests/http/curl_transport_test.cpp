#include "http/curl_transport.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "http/run_exchange.hpp"
#include "support/loopback_server.hpp"

namespace ek {
namespace {

using ek::testing::LoopbackServer;
using ek::testing::Outcome;
using ek::testing::post;
using ek::testing::reply;
using ek::testing::run;
using ek::testing::Script;
using ek::testing::send;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Outcome ask(const LoopbackServer& server, HttpRequest request) {
  const auto lane = make_curl_transport(ek::testing::bare_options())->open_lane();
  request.url = server.url(request.url);
  return run(*lane, std::move(request));
}

TEST(CurlTransport, SendsTheRequestByteForByte) {
  LoopbackServer server({{reply("")}});
  ask(server, {.method = "POST",
               .url = "/a/../b%2F;v=1?q=%20+x",
               .headers = {{"X-One", "1"}, {"X-Empty", ""}, {"Content-Type", "application/json"}},
               .body = std::string("{\0}", 3)});
  const std::string expected = fmt::format(
      "POST /a/../b%2F;v=1?q=%20+x HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUser-Agent: test\r\n"
      "Accept-Encoding: identity\r\n"
      "X-One: 1\r\nX-Empty:\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n",
      server.port());
  EXPECT_THAT(server.requests(), ElementsAre(expected + std::string("{\0}", 3)));
}

struct MethodCase {
  std::string method;
  std::string body;
  std::string expected_end;
};

TEST(CurlTransport, SendsEveryMethodWithItsBody) {
  const MethodCase cases[] = {
      {"GET", "", "Accept-Encoding: identity\r\n\r\n"},
      {"DELETE", "", "Content-Length: 0\r\n\r\n"},
      {"PUT", "", "Content-Length: 0\r\n\r\n"},
      {"POST", "", "Content-Length: 0\r\n\r\n"},
      {"PUT", "ab", "Content-Length: 2\r\n\r\nab"},
      {"GET", "ab", "Content-Length: 2\r\n\r\nab"},
      {"POST", "ab", "Content-Length: 2\r\n\r\nab"},
  };
  const auto lane = make_curl_transport(ek::testing::bare_options())->open_lane();
  LoopbackServer server({{reply("fine")}});
  for (const MethodCase& c : cases) {  // on one handle: nothing of the last request may stay
    const Outcome outcome = run(*lane, {.method = c.method, .url = server.url(), .body = c.body});
    EXPECT_EQ(outcome.body, "fine");
    EXPECT_TRUE(outcome.sent);
    EXPECT_THAT(server.requests().back(), StartsWith(c.method + " / HTTP/1.1\r\n"));
    EXPECT_THAT(server.requests().back(), EndsWith(c.expected_end));
  }
  EXPECT_EQ(server.connections(), 1U);
}

TEST(CurlTransport, TakesNoBodyAfterHead) {
  LoopbackServer server({{send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")}, {reply("x")}});
  const auto lane = make_curl_transport(ek::testing::bare_options())->open_lane();
  const Outcome head = run(*lane, {.method = "HEAD", .url = server.url()});
  EXPECT_FALSE(head.error);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(run(*lane, {.method = "GET", .url = server.url()}).body, "x");
  EXPECT_EQ(server.connections(), 1U);
}

TEST(CurlTransport, SendsALargeBodyWhole) {
  const std::string body(3'000'000, 'b');
  LoopbackServer server({{reply("ok")}});
  const Outcome outcome = ask(server, post("/", body));
  ASSERT_FALSE(outcome.error) << outcome.error->message;
  EXPECT_TRUE(outcome.sent);
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_THAT(server.requests()[0], EndsWith("\r\n\r\n" + body));
  EXPECT_THAT(server.requests()[0], Not(HasSubstr("Expect")));
}

struct ReplyCase {
  std::string name;
  Script script;
  std::string body;
};

TEST(CurlTransport, HandsOutBodiesInEveryFraming) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const ReplyCase cases[] = {
      {"length", {reply("hello")}, "hello"},
      {"chunks", {send(chunked + "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n")}, "hello"},
      {"trailers", {send(chunked + "5\r\nhello\r\n0\r\nT: 1\r\n\r\n")}, "hello"},
      {"interim", {send("HTTP/1.1 103 E\r\nL: x\r\n\r\n"), reply("hello")}, "hello"},
      {"no content", {send("HTTP/1.1 204 None\r\n\r\n")}, ""},
      {"until close",
       {send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"), ek::testing::hang_up()},
       "hello"},
      {"compressed",
       {send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n"
             "\r\n\x1f\x8b")},
       "\x1f\x8b"},
  };
  for (const ReplyCase& c : cases) {
    SCOPED_TRACE(c.name);
    LoopbackServer server({c.script});
    const Outcome outcome = ask(server, post("/"));
    ASSERT_FALSE(outcome.error) << outcome.error->message;
    ASSERT_TRUE(outcome.head);
    EXPECT_EQ(outcome.head->status, c.name == "no content" ? 204 : 200);
    EXPECT_EQ(outcome.body, c.body);
  }
}

TEST(CurlTransport, HandsOutRedirectsAndErrorStatuses) {
  LoopbackServer server({{send("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 2\r\n"
                               "\r\nno")},
                         {reply("{\"error\":1}", "503 Busy")}});
  const auto lane = make_curl_transport(ek::testing::bare_options())->open_lane();
  const Outcome redirect = run(*lane, post(server.url()));
  EXPECT_EQ(redirect.head->status, 302);
  EXPECT_EQ(redirect.head->header("location"), "/elsewhere");
  EXPECT_EQ(redirect.body, "no");
  const Outcome busy = run(*lane, post(server.url()));
  EXPECT_FALSE(busy.error);
  EXPECT_EQ(busy.head->status, 503);
  EXPECT_EQ(busy.body, "{\"error\":1}");
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST(CurlTransport, RefusesAHeadThatIsTooLarge) {
  LoopbackServer server({{send("HTTP/1.1 200 OK\r\nA: " + std::string(2000, 'a') + "\r\n\r\n")}});
  HttpOptions options = ek::testing::bare_options();
  options.max_head_bytes = 1000;
  const auto lane = make_curl_transport(options)->open_lane();
  const Outcome outcome = run(*lane, post(server.url()));
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::transport);
  EXPECT_EQ(outcome.error->phase, Phase::headers);
  EXPECT_THAT(outcome.error->message, HasSubstr("1000 bytes"));
}

TEST(CurlTransport, RefusesARequestThatCannotBeSent) {
  const auto lane = make_curl_transport(ek::testing::bare_options())->open_lane();
  const auto exchange =
      lane->start({.url = "http://127.0.0.1/", .headers = {{"A", "1\r\nB: 2"}}}, {});
  EXPECT_TRUE(exchange->ended());
  ASSERT_NE(exchange->error(), nullptr);
  EXPECT_EQ(exchange->error()->code, ErrorCode::invalid_request);
  EXPECT_FALSE(exchange->sent());
}

TEST(CurlTransport, AsksThroughTheProxyOfItsOptions) {
  LoopbackServer proxy({{reply("by proxy")}});
  HttpOptions options = ek::testing::bare_options();
  options.network.proxy = proxy.url("");
  const auto lane = make_curl_transport(options)->open_lane();
  EXPECT_EQ(run(*lane, post("http://model.invalid/x")).body, "by proxy");
  EXPECT_THAT(proxy.requests(),
              ElementsAre(StartsWith("POST http://model.invalid/x HTTP/1.1\r\n")));
}

TEST(CurlTransport, GoesPastTheProxyWhereARequestAsksForThat) {
  LoopbackServer proxy({{reply("by proxy")}});
  LoopbackServer metadata({{reply("direct")}});
  HttpOptions options = ek::testing::bare_options();
  options.network.proxy = proxy.url("");
  const auto lane = make_curl_transport(options)->open_lane();
  EXPECT_EQ(run(*lane, post(metadata.url()), {.bypass_proxy = true}).body, "direct");
  EXPECT_EQ(run(*lane, post("http://model.invalid/x")).body, "by proxy")
      << "the next request on the same handle goes through it again";
}

TEST(CurlTransport, TellsThatTheProxyRefusedTheTunnel) {
  LoopbackServer proxy({{reply("", "407 Who")}});
  HttpOptions options = ek::testing::bare_options();
  options.network.proxy = proxy.url("");
  const auto lane = make_curl_transport(options)->open_lane();
  const Outcome outcome =
      run(*lane, {.url = "https://model.invalid/x", .headers = {{"Authorization", "secret"}}});
  ASSERT_TRUE(outcome.error);
  EXPECT_FALSE(outcome.head);
  EXPECT_EQ(outcome.error->code, ErrorCode::transport);
  EXPECT_EQ(outcome.error->phase, Phase::connect);
  EXPECT_THAT(outcome.error->message, HasSubstr("407"));
  EXPECT_THAT(proxy.requests(), ElementsAre(Not(HasSubstr("secret"))));
}

}  // namespace
}  // namespace ek

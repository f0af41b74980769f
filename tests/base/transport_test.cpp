#include "endpointkit/ext/transport.hpp"

#include <gtest/gtest.h>

#include "support/fake_transport.hpp"

namespace ek {
namespace {

using namespace std::chrono_literals;

struct Fetching {
  std::shared_ptr<test::ManualClock> clock = std::make_shared<test::ManualClock>();
  test::FakeTransport transport{clock};

  Result<HttpResponse> fetch(std::stop_token stop = {}, std::size_t max_body_bytes = 1 << 20) {
    return ek::fetch(transport, {.url = "https://tokens.example/t?secret=1"},
                     {.deadline = clock->steady_now() + 10s,
                      .stop = std::move(stop),
                      .max_body_bytes = max_body_bytes,
                      .now = [this] { return clock->steady_now(); }});
  }
};

TEST(HttpHead, FindsHeadersWithoutCase) {
  const HttpHead head{.status = 200, .headers = {{"Retry-After", "1"}, {"retry-after", "2"}}};
  EXPECT_EQ(head.header("RETRY-AFTER"), "1");
  EXPECT_EQ(head.header("absent"), "");
}

TEST(Fetch, JoinsTheBodyAndGivesErrorStatusesAsResults) {
  Fetching f;
  f.transport.reply({.status = 403, .headers = {{"x-id", "7"}}, .body = {"no", "", " way"}});
  const auto response = f.fetch();
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->head.status, 403);
  EXPECT_EQ(response->head.header("X-Id"), "7");
  EXPECT_EQ(response->body, "no way");
}

TEST(Fetch, PassesTheErrorOfTheExchange) {
  Fetching f;
  f.transport.reply(test::refused_connection());
  f.transport.reply({.body = {"half"}, .error = test::truncated_error()});
  EXPECT_EQ(f.fetch().error(), test::connect_error());
  EXPECT_EQ(f.fetch().error(), test::truncated_error());
}

TEST(Fetch, EndsAtItsDeadlineWithoutNamingTheQuery) {
  Fetching f;
  f.transport.reply({.body = {"x"}, .hangs = true});
  const auto response = f.fetch();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::timeout);
  EXPECT_EQ(response.error().phase, Phase::credentials);
  EXPECT_EQ(response.error().message.find("secret"), std::string::npos);
  EXPECT_EQ(f.transport.aborted(), 1u);
}

TEST(Fetch, PassesItsConnectTimerAndTheWayPastTheProxyOn) {
  Fetching f;
  f.transport.reply({});
  ASSERT_TRUE(ek::fetch(f.transport, {.url = "http://169.254.170.2/"},
                        {.deadline = f.clock->steady_now() + 10s,
                         .connect_timeout = 250ms,
                         .bypass_proxy = true,
                         .now = [&] { return f.clock->steady_now(); }}));
  EXPECT_EQ(f.transport.transfers().at(0).connect_timeout, 250ms);
  EXPECT_TRUE(f.transport.transfers().at(0).bypass_proxy);
}

TEST(Fetch, EndsWhenItIsStopped) {
  Fetching f;
  f.transport.reply({.hangs = true});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(f.fetch(stop.get_token()).error().code, ErrorCode::cancelled);
}

TEST(Fetch, RefusesABodyThatIsTooLarge) {
  Fetching f;
  f.transport.reply({.body = {"0123", "4567"}});
  f.transport.reply({.body = {"0123", "45678"}});
  EXPECT_TRUE(f.fetch({}, 8));
  EXPECT_EQ(f.fetch({}, 8).error().code, ErrorCode::server_error);
}

}  // namespace
}  // namespace ek

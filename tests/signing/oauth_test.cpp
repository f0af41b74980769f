#include "signing/oauth.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(OAuth, EncodesFormFields) {
  const HttpRequest request = form_request("https://h/token", {{"a", "x y+/~"}, {"b", "1&2=3"}});
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.body, "a=x%20y%2B%2F~&b=1%262%3D3");
}

TEST(OAuth, ReadsTokensWithLivesAsNumbersAndTexts) {
  struct Case {
    const char* body;
    std::optional<std::chrono::seconds> life;
  };
  const Case cases[] = {{R"({"access_token":"t","expires_in":3599})", 3599s},
                        {R"({"access_token":"t","expires_in":"3599"})", 3599s},
                        {R"({"access_token":"t","expires_in":3599.9})", 3599s},
                        {R"({"access_token":"t"})", std::nullopt}};
  for (const Case& test : cases) {
    const auto reply = parse_token_reply(test.body);
    ASSERT_THAT(reply, IsOk()) << test.body;
    EXPECT_EQ(reply->access_token.reveal(), "t");
    EXPECT_EQ(reply->expires_in, test.life) << test.body;
  }
  EXPECT_EQ(parse_token_reply(R"({"access_token":"t","refresh_in":"60"})")->refresh_in, 60s);
}

TEST(OAuth, RefusesRepliesWithoutAUsableToken) {
  for (const char* body :
       {"", "<html>", "[]", "{}", R"({"access_token":""})", R"({"access_token":7})",
        R"({"access_token":"t","expires_in":"soon"})", R"({"access_token":"t","expires_in":null})",
        R"({"access_token":"t","expires_in":-1})",
        R"({"access_token":"t","expires_in":99999999999999})"}) {
    EXPECT_THAT(parse_token_reply(body),
                testing::AllOf(HasCode(ErrorCode::server_error), HasPhase(Phase::credentials)))
        << body;
  }
}

TEST(OAuth, UnderstandsErrorsAsTextObjectAndAnythingElse) {
  struct Case {
    int status;
    const char* body;
    ErrorCode code;
    bool retryable;
    const char* says;
  };
  const Case cases[] = {
      {400, R"({"error":"help","error_description":"I'm alive"})", ErrorCode::authentication, false,
       "help: I'm alive"},
      {403, R"({"error":{"status":"PERMISSION_DENIED","message":"no"}})", ErrorCode::authentication,
       false, "PERMISSION_DENIED: no"},
      {400, R"({"foo":"bar"})", ErrorCode::authentication, false, R"({"foo":"bar"})"},
      {400, "plain\r\ntext", ErrorCode::authentication, false, "plain"},
      {400, R"({"error":"internal_failure"})", ErrorCode::unavailable, true, "internal_failure"},
      {200, R"({"error":"server_error"})", ErrorCode::unavailable, true, "server_error"},
      {503, "", ErrorCode::unavailable, true, "HTTP 503"},
      {429, "{}", ErrorCode::rate_limit, true, "HTTP 429"}};
  for (const Case& test : cases) {
    const HttpResponse response{.head = {.status = test.status}, .body = test.body};
    ASSERT_TRUE(is_refusal(response)) << test.body;
    const Error error = refusal("the service", response, "");
    EXPECT_EQ(error.code, test.code) << test.body;
    EXPECT_EQ(error.retryable, test.retryable) << test.body;
    EXPECT_EQ(error.phase, Phase::credentials);
    EXPECT_EQ(error.http_status, test.status);
    EXPECT_THAT(error, FailsWith(HasSubstr(test.says)));
  }
}

TEST(OAuth, TakesOverTheWishToWait) {
  const HttpResponse response{.head = {.status = 429, .headers = {{"Retry-After", "7"}}}};
  EXPECT_EQ(refusal("s", response, "").retry_after, 7s);
}

struct AskTest : testing::Test {
  Result<HttpResponse> ask() {
    return ask_token_service(bench.services(), bench.context(), "the service", [] {
      return Result<HttpRequest>(form_request("https://h/token?x=PLANTED", {}));
    });
  }
  Bench bench;
};

TEST_F(AskTest, TriesOnceMoreAfterWhatMayPass) {
  for (const ScriptedReply& first :
       {refused_connection(), ScriptedReply{.status = 503}, ScriptedReply{.status = 429},
        ScriptedReply{.body = {"half"}, .error = truncated_error()}}) {
    bench.transport->reply(first);
    bench.transport->reply({.body = {R"({"access)", R"(_token":"t"})"}});
    const auto answer = ask();
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->body, R"({"access_token":"t"})");
  }
  EXPECT_EQ(bench.transport->request_count(), 8u);
}

TEST_F(AskTest, DoesNotTryAThirdTimeNorAfterARefusal) {
  bench.transport->reply({.status = 503});
  bench.transport->reply({.status = 503});
  EXPECT_EQ(ask()->head.status, 503);
  bench.transport->reply({.status = 400, .body = {R"({"error":"invalid_grant"})"}});
  EXPECT_EQ(ask()->head.status, 400);
  EXPECT_EQ(bench.transport->request_count(), 3u);
}

TEST_F(AskTest, NamesTheServiceInErrorsOfTheNetwork) {
  bench.transport->reply(refused_connection());
  bench.transport->reply(refused_connection());
  const auto answer = ask();
  EXPECT_THAT(answer, testing::AllOf(HasCode(ErrorCode::transport), HasPhase(Phase::connect),
                                     FailsWith(HasSubstr("asking the service for a token"))));
  EXPECT_TRUE(answer.error().retryable);
}

TEST_F(AskTest, AsksAgainOnlyWhatCanEndBetter) {
  const auto failure = [](ErrorCode code, Phase phase, bool retryable) {
    return Error{.code = code, .phase = phase, .message = "m", .retryable = retryable};
  };
  const struct {
    Error failure;
    bool passes;
    const char* what;
  } cases[] = {
      {failure(ErrorCode::transport, Phase::tls, false), false, "a stranger's certificate"},
      {failure(ErrorCode::transport, Phase::tls, true), true, "a handshake that broke off"},
      {failure(ErrorCode::transport, Phase::connect, false), false, "a proxy that refuses"},
      {failure(ErrorCode::transport, Phase::connect, true), true, "nobody there yet"},
      {failure(ErrorCode::transport, Phase::dns, true), true, "no name yet"},
      {failure(ErrorCode::transport, Phase::headers, false), true, "hung up after the question"},
      {failure(ErrorCode::truncated, Phase::stream, false), true, "half an answer"},
      {failure(ErrorCode::invalid_request, Phase::request, false), false, "a URL that is none"},
      {failure(ErrorCode::cancelled, Phase::credentials, false), false, "nobody wants it"}};
  for (const auto& [error, passes, what] : cases) {
    const std::size_t before = bench.transport->request_count();
    for (int i = 0; i < (passes ? 2 : 1); ++i)
      bench.transport->reply({.status = 0, .error = error, .sent = false});
    const auto answer = ask();
    EXPECT_THAT(answer, testing::AllOf(HasCode(error.code), HasPhase(error.phase))) << what;
    EXPECT_EQ(answer.error().retryable, passes) << what;
    EXPECT_EQ(bench.transport->request_count() - before, passes ? 2u : 1u) << what;
  }
}

TEST_F(AskTest, DoesNotAskAgainForAnAnswerThatIsTooLong) {
  bench.transport->reply({.body = {std::string(2 << 20, 'x')}});
  const auto answer = ask();
  EXPECT_THAT(answer, HasCode(ErrorCode::server_error));
  EXPECT_FALSE(answer.error().retryable);
}

TEST_F(AskTest, EndsAtTheDeadlineWithoutShowingTheQuery) {
  bench.transport->reply({.head_after = 2min});
  EXPECT_THAT(ask(), testing::AllOf(HasCode(ErrorCode::timeout), HasPhase(Phase::credentials),
                                    FailsWith(testing::Not(HasSubstr("PLANTED")))));
  EXPECT_EQ(bench.transport->request_count(), 1u);
  EXPECT_EQ(bench.transport->aborted(), 1u);
}

}  // namespace
}  // namespace ek::test

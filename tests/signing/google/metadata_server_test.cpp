#include "signing/google/metadata_server.hpp"

#include "base/base64.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

const Header google_flavor{"Metadata-Flavor", "Google"};
const std::string base = "http://metadata.google.internal/computeMetadata/v1/";

ScriptedReply answer(std::string body) {
  return {.headers = {google_flavor}, .body = {std::move(body)}};
}

struct MetadataServerTest : testing::Test {
  Result<bool> detect(World world = {}) {
    bench.environment = make_environment(bench.clock, std::move(world));
    why_not.clear();
    return is_at_google(bench.services(), bench.context(), why_not);
  }
  Bench bench;
  std::string why_not;
};

TEST_F(MetadataServerTest, KnowsWithoutAskingWhereItIs) {
  const World here[] = {{.variables = {{"K_SERVICE", "s"}}},
                        {.variables = {{"CLOUD_RUN_JOB", "j"}}},
                        {.variables = {{"GAE_SERVICE", "s"}}},
                        {.variables = {{"GCE_METADATA_HOST", "h"}}},
                        {.variables = {{"METADATA_SERVER_DETECTION", "assume-present"}}},
                        {.files = {{"/sys/class/dmi/id/product_name", "Google Compute Engine\n"}}}};
  for (const World& world : here) EXPECT_TRUE(detect(world).value());
  const std::pair<World, std::string> elsewhere[] = {
      {{.variables = {{"NO_GCE_CHECK", "True"}, {"K_SERVICE", "s"}}}, "NO_GCE_CHECK"},
      {{.variables = {{"METADATA_SERVER_DETECTION", "none"}}}, "METADATA_SERVER_DETECTION"},
      {{.variables = {{"METADATA_SERVER_DETECTION", "bios-only"}},
        .files = {{"/sys/class/dmi/id/product_name", "Standard PC"}}},
       "product_name"}};
  for (const auto& [world, why] : elsewhere) {
    EXPECT_FALSE(detect(world).value());
    EXPECT_THAT(why_not, HasSubstr(why));
  }
  EXPECT_EQ(bench.transport->request_count(), 0u);
}

TEST_F(MetadataServerTest, AsksOnceForASecondAndRemembersThatNobodyAnswered) {
  bench.transport->reply({.hangs = true, .head_after = 1h});
  const auto before = bench.clock->steady_now();
  for (int call = 0; call < 3; ++call) EXPECT_FALSE(detect().value());
  EXPECT_EQ(bench.clock->steady_now() - before, 1s);
  EXPECT_EQ(bench.transport->request_count(), 1u);
  EXPECT_EQ(bench.transport->requests()[0].url, "http://169.254.169.254/");
  EXPECT_TRUE(bench.transport->transfers()[0].bypass_proxy);
  EXPECT_LE(bench.transport->transfers()[0].connect_timeout, 1s);
  EXPECT_THAT(why_not, HasSubstr("no metadata server answered within 1 s"));
  bench.clock->advance(11min);
  bench.transport->reply(refused_connection());
  EXPECT_FALSE(detect().value());
  EXPECT_EQ(bench.transport->request_count(), 2u);
}

TEST_F(MetadataServerTest, IsNotTakenInByAnythingElseThatAnswers) {
  bench.transport->reply({.body = {"<html>Log in to the hotel's network"}});
  EXPECT_FALSE(detect().value());
  bench.tokens = make_token_cache();
  bench.transport->reply({.status = 404, .headers = {google_flavor}});
  EXPECT_TRUE(detect({.variables = {{"GCE_METADATA_IP", "10.0.0.1"}}}).value());
  EXPECT_EQ(bench.transport->requests()[1].url, "http://10.0.0.1/");
}

TEST_F(MetadataServerTest, LearnsNothingFromACallerWhoGaveUp) {
  std::stop_source stop;
  stop.request_stop();
  bench.transport->reply({.hangs = true, .head_after = 1h});
  EXPECT_THAT(is_at_google(bench.services(),
                           {.deadline = SteadyTime::max(), .stop = stop.get_token()}, why_not),
              HasCode(ErrorCode::cancelled));
  bench.transport->reply(answer(""));
  EXPECT_TRUE(detect().value());
}

TEST_F(MetadataServerTest, GivesTokensOfTheMachinesAccount) {
  bench.transport->reply(answer(R"({"access_token":"t","expires_in":1799,"token_type":"Bearer"})"));
  const auto token = make_metadata_account("googleapis.com")
                         ->fetch_access_token("a b", bench.services(), bench.context());
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->value.reveal(), "t");
  EXPECT_EQ(token->lifetime, 1799s);
  const HttpRequest sent = bench.transport->requests()[0];
  EXPECT_EQ(sent.url, base + "instance/service-accounts/default/token?scopes=a%2Cb");
  EXPECT_EQ(header(sent.headers, "metadata-flavor")->value, "Google");
  EXPECT_TRUE(bench.transport->transfers()[0].bypass_proxy);
}

TEST_F(MetadataServerTest, GivesIdTokens) {
  const std::string jwt =
      base64url_encode("{}") + '.' + base64url_encode(R"({"exp":1795611600})") + ".c2ln";
  bench.transport->reply(answer(jwt));
  const auto token = make_metadata_account("googleapis.com")
                         ->fetch_id_token("https://x/", bench.services(), bench.context());
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->value.reveal(), jwt);
  EXPECT_EQ(bench.transport->requests()[0].url,
            base +
                "instance/service-accounts/default/identity?audience=https%3A%2F%2Fx%2F&"
                "format=full");
}

TEST_F(MetadataServerTest, AsksForANewTokenNoEarlierThanThereIsOne) {
  // For the last four minutes or so the server has a new one; before, it repeats the old.
  EXPECT_LT(make_metadata_account("googleapis.com")->windows().stale, 4min);
}

TEST_F(MetadataServerTest, TellsWhatIsWrongAndWhetherItPasses) {
  struct Case {
    ScriptedReply reply;
    std::string why;
    bool retryable;
  };
  const Case cases[] = {
      {{.status = 404, .headers = {google_flavor}}, "No service account is attached", false},
      {{.status = 503, .headers = {google_flavor}, .body = {"starting"}}, "starting", true},
      {{.status = 429, .headers = {google_flavor}}, "429", true},
      {{.body = {R"({"access_token":"t","expires_in":9})"}}, "no header Metadata-Flavor", false},
      {answer("<html>"), "not a JSON object", false}};
  for (const Case& test : cases) {
    bench.transport->handle([&](const HttpRequest&) { return test.reply; });
    const auto token = make_metadata_account("googleapis.com")
                           ->fetch_access_token("a", bench.services(), bench.context());
    ASSERT_THAT(token, FailsWith(HasSubstr(test.why)));
    EXPECT_EQ(token.error().retryable, test.retryable) << test.why;
  }
}

TEST_F(MetadataServerTest, IsTheLastPlaceOfTheChain) {
  bench.environment =
      make_environment(bench.clock, {.variables = {{"GCE_METADATA_HOST", "server:8080"}}});
  bench.transport->handle([](const HttpRequest& request) {
    if (request.url.ends_with("universe-domain"))
      return ScriptedReply{.status = 404, .headers = {google_flavor}};
    return answer(R"({"access_token":"t","expires_in":1799})");
  });
  const auto signer = google_metadata_source()
                          .find(vertex_scope(), bench.services(), bench.context(), why_not)
                          .value();
  ASSERT_NE(signer, nullptr);
  EXPECT_EQ(signer->sign({.url = "https://h/"}, bench.context()).value()[0].value, "Bearer t");
  EXPECT_THAT(bench.transport->requests()[0].url,
              HasSubstr("http://server:8080/computeMetadata/v1/universe/universe-domain"));
}

TEST_F(MetadataServerTest, RefusesAMachineOfAnotherUniverse) {
  bench.environment = make_environment(bench.clock, {.variables = {{"K_SERVICE", "s"}}});
  bench.transport->reply(answer("u.example"));
  EXPECT_THAT(
      google_metadata_source().find(vertex_scope(), bench.services(), bench.context(), why_not),
      FailsWith(AllOf(HasSubstr("u.example"), HasSubstr("GOOGLE_CLOUD_UNIVERSE_DOMAIN"))));
}

}  // namespace
}  // namespace ek::test

#include "signing/azure/managed_identity.hpp"

#include "signing/azure/azure_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const std::string arc_key = "/var/opt/azcmagent/tokens/a.key";

Result<Token> fetch_token(const Bench& bench, ManagedHostKind kind = ManagedHostKind::imds,
                          SignContext context = {}) {
  if (context.deadline == SteadyTime{}) context.deadline = bench.clock->steady_now() + 2min;
  return fetch_managed_identity_token(managed_host(kind, *bench.environment), {},
                                      {.scope = "https://ml.azure.com/.default"}, bench.services(),
                                      context);
}

TEST(ManagedIdentity, IsNeverAskedThroughAProxy) {
  Bench bench;
  bench.transport->reply(token_reply());
  EXPECT_THAT(fetch_token(bench), IsOk());
  EXPECT_TRUE(bench.transport->transfers().at(0).bypass_proxy);
}

TEST(ManagedIdentity, KnowsServiceFabricByItsThumbprintAlone) {
  const std::string thumbprint(40, 'a');
  World world{.variables = {{"IDENTITY_ENDPOINT", "https://localhost:2377/token"},
                            {"IDENTITY_HEADER", "PLANTED"},
                            {"IDENTITY_SERVER_THUMBPRINT", thumbprint}}};
  {
    Bench bench(world);
    bench.transport->reply(token_reply());
    EXPECT_THAT(fetch_token(bench, ManagedHostKind::service_fabric), IsOk());
    EXPECT_EQ(bench.transport->transfers().at(0).tls.server_thumbprint, thumbprint);
    EXPECT_TRUE(bench.transport->transfers().at(0).bypass_proxy);
  }
  {
    Bench bench(world);
    bench.transport->handle([](const HttpRequest&) { return untrusted_server(); });
    const auto token = fetch_token(bench, ManagedHostKind::service_fabric);
    EXPECT_THAT(token, FailsWith(HasSubstr("IDENTITY_SERVER_THUMBPRINT")));
    EXPECT_FALSE(token.error().retryable);
    EXPECT_EQ(bench.transport->request_count(), 1u);
  }
  world.variables["IDENTITY_ENDPOINT"] = "http://localhost:2377/token";
  Bench bench(world);
  EXPECT_THAT(fetch_token(bench, ManagedHostKind::service_fabric),
              FailsWith(testing::AllOf(HasSubstr("no https URL"), Not(HasSubstr("PLANTED")))));
  EXPECT_EQ(bench.transport->request_count(), 0u);
}

TEST(ManagedIdentity, WaitsForItsHostAsDocumented) {
  struct Case {
    ManagedHostKind kind;
    int status;
    std::chrono::seconds waits;
    std::size_t requests;
  };
  const Case cases[] = {
      {ManagedHostKind::imds, 404, 7s, 4},        {ManagedHostKind::imds, 429, 7s, 4},
      {ManagedHostKind::imds, 502, 7s, 4},        {ManagedHostKind::imds, 410, 70s, 8},
      {ManagedHostKind::imds, 400, 0s, 1},        {ManagedHostKind::app_service, 500, 3s, 4},
      {ManagedHostKind::app_service, 502, 0s, 1}, {ManagedHostKind::app_service, 400, 0s, 1}};
  for (const Case& test : cases) {
    Bench bench(
        World{.variables = {{"IDENTITY_ENDPOINT", "http://localhost"}, {"IDENTITY_HEADER", "s"}}});
    bench.transport->handle(
        [&](const HttpRequest&) { return ScriptedReply{.status = test.status}; });
    const auto began = bench.clock->steady_now();
    EXPECT_THAT(fetch_token(bench, test.kind), Not(IsOk()));
    EXPECT_EQ(bench.clock->steady_now() - began, test.waits) << test.status;
    EXPECT_EQ(bench.transport->request_count(), test.requests) << test.status;
  }
}

TEST(ManagedIdentity, TakesTheTokenOfAHostThatRecovers) {
  Bench bench;
  bench.transport->reply({.status = 404});
  bench.transport->reply({.status = 429, .headers = {{"retry-after", "5"}}});
  bench.transport->reply(token_reply("late"));
  const auto began = bench.clock->steady_now();
  EXPECT_EQ(fetch_token(bench).value().value, Secret("late"));
  EXPECT_EQ(bench.clock->steady_now() - began, 6s);
}

TEST(ManagedIdentity, DoesNotWaitPastTheDeadlineOrAfterAStop) {
  Bench bench;
  bench.transport->handle([](const HttpRequest&) { return ScriptedReply{.status = 410}; });
  const auto began = bench.clock->steady_now();
  EXPECT_THAT(fetch_token(bench, ManagedHostKind::imds, {.deadline = began + 15s}), Not(IsOk()));
  EXPECT_EQ(bench.transport->request_count(), 2u);
  std::stop_source source;
  source.request_stop();
  EXPECT_THAT(fetch_token(bench, ManagedHostKind::imds,
                          {.deadline = began + 1h, .stop = source.get_token()}),
              HasCode(ErrorCode::cancelled));
}

TEST(ManagedIdentity, LooksForTheNextTokenAtHalfOfALongLife) {
  Bench bench;
  bench.transport->reply({.body = {R"({"access_token":"t","expires_in":"86400"})"}});
  EXPECT_EQ(fetch_token(bench).value().refresh_in, 12h);
}

TEST(ManagedIdentity, ProvesToArcThatItMayReadTheFile) {
  Bench bench(World{.files = {{arc_key, "KEY"}}});
  const std::vector<Header> challenge = {{"WWW-Authenticate", "Basic realm=" + arc_key}};
  bench.transport->reply({.status = 401, .headers = challenge});
  bench.transport->reply(token_reply());
  EXPECT_THAT(fetch_token(bench, ManagedHostKind::azure_arc), IsOk());
  const auto requests = bench.transport->requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(header(requests[0].headers, "authorization"), nullptr);
  EXPECT_EQ(*header(requests[1].headers, "authorization"),
            (Header{"authorization", "Basic KEY", true}));
}

TEST(ManagedIdentity, BelievesNoKeyOfArcThatIsTooLong) {
  Bench bench(World{.files = {{arc_key, std::string(4097, 'k')}}});
  bench.transport->reply(
      {.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=" + arc_key}}});
  EXPECT_THAT(fetch_token(bench, ManagedHostKind::azure_arc),
              FailsWith(testing::AllOf(HasSubstr("4096 bytes"), Not(HasSubstr("kkk")))));
}

TEST(ManagedIdentity, SaysWhatClaimsItCannotAskFor) {
  const Bench bench;
  EXPECT_THAT(fetch_managed_identity_token({}, {}, {.scope = "s", .claims = "{}"}, bench.services(),
                                           bench.context()),
              FailsWith(HasSubstr("claims")));
}

struct ImdsProbe : testing::Test {
  Result<bool> there() {
    return imds_is_there(managed_host(ManagedHostKind::imds, *bench.environment), bench.services(),
                         bench.context(), why_not);
  }
  Bench bench;
  std::string why_not;
};

TEST_F(ImdsProbe, TakesAnyAnswerForASign) {
  bench.transport->reply({.status = 400});
  EXPECT_TRUE(there().value());
  EXPECT_TRUE(bench.transport->requests()[0].headers.empty())
      << "nothing is given away to strangers";
  EXPECT_TRUE(bench.transport->transfers()[0].bypass_proxy);
}

TEST_F(ImdsProbe, EndsWithinASecondAndIsRememberedByTheClient) {
  bench.transport->reply({.hangs = true, .head_after = 1h});
  const auto began = bench.clock->steady_now();
  EXPECT_FALSE(there().value());
  EXPECT_EQ(bench.clock->steady_now() - began, 1s);
  EXPECT_FALSE(there().value());
  EXPECT_FALSE(why_not.empty());
  EXPECT_EQ(bench.transport->request_count(), 1u);
  EXPECT_EQ(bench.transport->transfers()[0].connect_timeout, 1s);
  bench.clock->advance(5min);
  bench.transport->reply({.status = 400});
  EXPECT_TRUE(there().value()) << "machines move";
}

TEST(ImdsProbeOfStrangers, IsNotTakenForAzure) {
  const ScriptedReply strangers[] = {
      {.status = 403, .body = {"connecting to 169.254.169.254:80: host unreachable."}},
      {.status = 403, .body = {"denied destination"}},
      {.status = 401, .headers = {{"Server", "EC2ws"}}},
      {.status = 403, .headers = {{"Metadata-Flavor", "Google"}}}};
  for (const ScriptedReply& reply : strangers) {
    const Bench bench;
    std::string why_not;
    bench.transport->reply(reply);
    EXPECT_FALSE(imds_is_there(managed_host(ManagedHostKind::imds, *bench.environment),
                               bench.services(), bench.context(), why_not)
                     .value());
    EXPECT_FALSE(why_not.empty());
  }
}

TEST_F(ImdsProbe, LearnsNothingFromACallerWhoGaveUp) {
  bench.transport->reply({.hangs = true, .head_after = 1h});
  EXPECT_THAT(
      imds_is_there(managed_host(ManagedHostKind::imds, *bench.environment), bench.services(),
                    {.deadline = bench.clock->steady_now() + 100ms}, why_not),
      HasCode(ErrorCode::timeout));
  bench.transport->reply({.status = 400});
  EXPECT_TRUE(there().value());
}

}  // namespace
}  // namespace ek::test

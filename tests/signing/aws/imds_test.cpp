#include "signing/aws/imds.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string roles = "/latest/meta-data/iam/security-credentials/";

ScriptedReply text(std::string body, int status = 200) {
  return {.status = status, .body = {std::move(body)}};
}
ScriptedReply keys_reply(const std::string& expiration, const std::string& id = "ASIAIMDS") {
  return text(R"({"Code":"Success","Type":"AWS-HMAC","AccessKeyId":")" + id +
              R"(","SecretAccessKey":"PLANTED-SECRET","Token":"PLANTED-TOKEN","Expiration":")" +
              expiration + "\"}");
}
void play_walk(const Bench& bench, const std::string& expiration = "2026-11-25T18:00:00Z") {
  bench.transport->reply(text("PLANTED-IMDS"));
  bench.transport->reply(text("my role\nother"));
  bench.transport->reply(keys_reply(expiration));
}
Result<std::shared_ptr<Signer>> find(const Bench& bench, std::string& why_not) {
  return aws_imds_source().find(sagemaker_scope(), bench.services(), bench.context(), why_not);
}

TEST(ImdsSettings, FollowTheVariables) {
  const std::pair<std::map<std::string, std::string>, ImdsSettings> table[] = {
      {{}, {}},
      {{{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipV6"}},
       {.endpoint = "http://[fd00:ec2::254]"}},
      {{{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://localhost:81/"},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}},
       {.endpoint = "http://localhost:81", .named = true}},
      {{{"AWS_EC2_METADATA_V1_DISABLED", "true"}}, {}},
      {{{"AWS_EC2_METADATA_V1_DISABLED", "false"}}, {.allow_v1 = true}},
      {{{"AWS_METADATA_SERVICE_TIMEOUT", "2.5"}, {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "4"}},
       {.timeout = 2500ms, .attempts = 4}},
  };
  for (const auto& [variables, settings] : table) {
    EXPECT_EQ(imds_settings(*Bench({.variables = variables}).environment).value(), settings);
  }
  const Bench off({.variables = {{"AWS_EC2_METADATA_DISABLED", "True"}}});
  EXPECT_EQ(imds_settings(*off.environment).value(), std::nullopt);
  EXPECT_THAT(fetch_imds_keys(off.services(), off.context()), FailsWith(HasSubstr("DISABLED")));
  for (const char* name :
       {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "AWS_METADATA_SERVICE_TIMEOUT", "AWS_METADATA_SERVICE_NUM_ATTEMPTS"}) {
    EXPECT_THAT(imds_settings(*Bench({.variables = {{name, "not one"}}}).environment),
                AllOf(HasCode(ErrorCode::authentication), FailsWith(HasSubstr(name))));
  }
}

TEST(ImdsSettings, StandInTheProfileToo) {
  const Bench bench({.variables = {{"AWS_CONFIG_FILE", "/config"}},
                     .files = {{"/config",
                                "[default]\nec2_metadata_service_endpoint_mode = IPv6\n"
                                "ec2_metadata_v1_disabled = false\n"
                                "metadata_service_timeout = 5\n"
                                "metadata_service_num_attempts = 2\n"}}});
  EXPECT_EQ(
      imds_settings(*bench.environment).value(),
      (ImdsSettings{
          .endpoint = "http://[fd00:ec2::254]", .allow_v1 = true, .timeout = 5s, .attempts = 2}));
}

TEST(ImdsKeys, ComeByTokenRoleAndKeys) {
  const Bench bench;
  play_walk(bench);
  const auto keys = fetch_imds_keys(bench.services(), bench.context());
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(keys->keys.access_key_id, "ASIAIMDS");
  const auto requests = bench.transport->requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].method, "PUT");
  EXPECT_EQ(requests[0].url, "http://169.254.169.254/latest/api/token");
  EXPECT_EQ(header(requests[0].headers, "x-aws-ec2-metadata-token-ttl-seconds")->value, "21600");
  EXPECT_EQ(requests[1].url, "http://169.254.169.254" + roles);
  EXPECT_EQ(requests[2].url, "http://169.254.169.254" + roles + "my%20role");
  for (const int i : {1, 2}) {
    EXPECT_EQ(header(requests[i].headers, "x-aws-ec2-metadata-token")->value, "PLANTED-IMDS");
    EXPECT_TRUE(header(requests[i].headers, "x-aws-ec2-metadata-token")->sensitive);
    EXPECT_TRUE(bench.transport->transfers()[i].bypass_proxy);
  }
}

TEST(ImdsKeys, AreAskedForAsOftenAndAsLongAsTheSettingsSay) {
  const Bench bench({.variables = {{"AWS_METADATA_SERVICE_TIMEOUT", "7"},
                                   {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "2"}}});
  bench.transport->reply(text("", 503));
  bench.transport->reply(text("PLANTED-IMDS"));
  bench.transport->reply(text("", 503));
  bench.transport->reply(text("", 503));
  EXPECT_THAT(fetch_imds_keys(bench.services(), bench.context()), HasCode(ErrorCode::unavailable));
  ASSERT_EQ(bench.transport->request_count(), 4U);
  for (const auto& transfer : bench.transport->transfers()) EXPECT_EQ(transfer.connect_timeout, 7s);
}

TEST(ImdsKeys, AreFetchedWithANewTokenWhenTheOldOneEnded) {
  const Bench bench;
  bench.transport->reply(text("old"));
  bench.transport->reply(text("", 401));
  play_walk(bench);
  EXPECT_THAT(fetch_imds_keys(bench.services(), bench.context()), IsOk());
  EXPECT_EQ(bench.transport->request_count(), 5U);
}

TEST(ImdsKeys, ThatHaveEndedAreUsedOnForAWhile) {
  const Bench bench;
  play_walk(bench, "2026-11-25T11:59:00Z");
  const auto keys = fetch_imds_keys(bench.services(), bench.context());
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(keys->expires, std::chrono::floor<std::chrono::seconds>(bench.clock->now()) + 10min);
}

TEST(ImdsKeys, AreRefusedByNameOfTheReason) {
  const std::pair<std::vector<ScriptedReply>, const char*> table[] = {
      {{text("", 400)}, "HTTP 400"},
      {{text("PLANTED-IMDS"), text("PLANTED-IMDS is bad", 403)}, "HTTP 403"},
      {{text("PLANTED-IMDS"), text("role"),
        text(R"({"Code":"AssumeRoleUnauthorizedAccess",)"
             R"("Message":"not allowed"})")},
       "AssumeRoleUnauthorizedAccess: not allowed"},
      {{text("PLANTED-IMDS"), text("role"), text("not JSON")}, "not a JSON object"},
  };
  for (const auto& [replies, part] : table) {
    const Bench bench;
    for (const ScriptedReply& reply : replies) bench.transport->reply(reply);
    std::string why_not;
    EXPECT_THAT(find(bench, why_not), FailsWith(AllOf(HasSubstr(part), Not(HasSubstr("PLANTED")))));
    EXPECT_EQ(bench.transport->replies_left(), 0U);
  }
}

TEST(ImdsKeys, AreNeverAskedForByVersion1UnlessThatIsWanted) {
  const Bench bench({.variables = {{"AWS_EC2_METADATA_V1_DISABLED", "false"}}});
  bench.transport->reply(text("", 404));
  bench.transport->reply(text("role"));
  bench.transport->reply(text("role"));
  bench.transport->reply(keys_reply("2026-11-25T18:00:00Z"));
  EXPECT_THAT(fetch_imds_keys(bench.services(), bench.context()), IsOk());
  for (const HttpRequest& request : bench.transport->requests())
    EXPECT_EQ(header(request.headers, "x-aws-ec2-metadata-token"), nullptr);
}

TEST(ImdsDetection, EndsWithinASecondAndIsRemembered) {
  for (const char* v1_disabled : {"true", "false"}) {
    const Bench bench({.variables = {{"AWS_EC2_METADATA_V1_DISABLED", v1_disabled}}});
    bench.transport->handle(
        [](const HttpRequest&) { return ScriptedReply{.hangs = true, .head_after = 1h}; });
    const auto began = bench.clock->steady_now();
    std::string why_not;
    EXPECT_EQ(find(bench, why_not).value(), nullptr);
    EXPECT_LE(bench.clock->steady_now() - began, 1s);
    EXPECT_THAT(why_not, HasSubstr("hop limit"));
    const auto sent = bench.transport->request_count();
    EXPECT_EQ(find(bench, why_not).value(), nullptr);
    EXPECT_EQ(bench.transport->request_count(), sent) << "a client looks once";
    bench.clock->advance(6min);
    EXPECT_EQ(find(bench, why_not).value(), nullptr);
    EXPECT_GT(bench.transport->request_count(), sent) << "but not for ever";
  }
}

TEST(ImdsDetection, SaysThatThereIsNoRole) {
  const Bench bench;
  bench.transport->reply(text("token"));
  bench.transport->reply(text("", 404));
  std::string why_not;
  EXPECT_EQ(find(bench, why_not).value(), nullptr);
  EXPECT_EQ(why_not, "the instance has no role");
}

TEST(ImdsDetection, TakesAServiceThatGivesNoTokenForNone) {
  for (const int status : {403, 404, 405}) {
    const Bench bench;
    bench.transport->handle([&](const HttpRequest&) { return text("switched off", status); });
    std::string why_not;
    EXPECT_EQ(find(bench, why_not).value(), nullptr);
    EXPECT_THAT(why_not, AllOf(HasSubstr(std::to_string(status)), HasSubstr("switched off"),
                               HasSubstr("AWS_EC2_METADATA_V1_DISABLED")));
  }
}

TEST(ImdsDetection, IsAnErrorWhereTheEndpointWasNamed) {
  const Bench bench({.variables = {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1"}}});
  bench.transport->reply(refused_connection());
  std::string why_not;
  EXPECT_THAT(find(bench, why_not), HasCode(ErrorCode::authentication));
}

TEST(ImdsDetection, DoesNotSendTheCallAgainWhereTheServerIsNotTrusted) {
  const World named{.variables = {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "https://imds.example"}}};
  {
    const Bench bench(named);
    bench.transport->reply(untrusted_server());
    EXPECT_FALSE(fetch_imds_keys(bench.services(), bench.context()).error().retryable);
  }
  const Bench bench(named);
  bench.transport->reply(text("token"));
  bench.transport->reply(untrusted_server());
  EXPECT_FALSE(fetch_imds_keys(bench.services(), bench.context()).error().retryable);
  EXPECT_EQ(bench.transport->request_count(), 2U);
}

TEST(ImdsDetection, LearnsNothingFromACallerWhoGaveUp) {
  const Bench bench;
  bench.transport->handle(
      [](const HttpRequest&) { return ScriptedReply{.hangs = true, .head_after = 1h}; });
  std::string why_not;
  EXPECT_THAT(aws_imds_source().find(sagemaker_scope(), bench.services(),
                                     {.deadline = bench.clock->steady_now() + 200ms}, why_not),
              HasCode(ErrorCode::timeout));
  play_walk(bench);
  EXPECT_NE(find(bench, why_not).value(), nullptr);
}

TEST(ImdsSource, SignsOnWithTheLastKeysWhileTheServiceFails) {
  const Bench bench;
  play_walk(bench);
  std::string why_not;
  const auto signer = find(bench, why_not).value();
  ASSERT_NE(signer, nullptr);
  const auto key_id = [&] {
    const auto headers = signer->sign({.url = "https://h/"}, bench.context());
    return headers ? header(*headers, "authorization")->value : headers.error().message;
  };
  EXPECT_THAT(key_id(), HasSubstr("ASIAIMDS"));
  EXPECT_EQ(bench.transport->request_count(), 3U);
  bench.transport->handle([](const HttpRequest&) { return refused_connection(); });
  bench.clock->advance(7h);
  EXPECT_THAT(key_id(), HasSubstr("ASIAIMDS")) << "they ended an hour ago; the service decides";
  bench.clock->advance(20min);
  bench.transport->reply(text("token"));
  bench.transport->reply(text("role"));
  bench.transport->reply(keys_reply("2026-11-26T18:00:00Z", "ASIANEW"));
  EXPECT_THAT(key_id(), HasSubstr("ASIANEW"));
}

}  // namespace
}  // namespace ek::test

#include "signing/aws/profile.hpp"

#include "signing/aws/chain.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

World files(const std::string& config, const std::string& credentials = "") {
  return {.variables = {{"HOME", "/h"}},
          .files = {{"/h/.aws/config", config}, {"/h/.aws/credentials", credentials}}};
}
std::string sts_reply(const std::string& key) {
  return "<R><A><Credentials><AccessKeyId>" + key +
         "</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
         "<Expiration>2026-11-25T13:00:00Z</Expiration></Credentials></A></R>";
}
Result<TemporaryKeys> keys_of(const Bench& bench, const std::string& profile,
                              const MfaPrompt& mfa = {}) {
  return fetch_profile_keys(profile, "us-east-1", mfa, bench.services(), bench.context());
}

TEST(AwsProfile, AssumesRolesOneAfterTheOther) {
  const Bench bench(
      files("[profile a]\nrole_arn = A\nsource_profile = b\nexternal_id = e\nduration_seconds = "
            "1000\nregion = eu-west-1\n[profile b]\nrole_arn = B\nsource_profile = c\n",
            "[c]\naws_access_key_id = AKID\naws_secret_access_key = S\n"));
  bench.transport->reply({.body = {sts_reply("KEYB")}});
  bench.transport->reply({.body = {sts_reply("KEYA")}});
  EXPECT_EQ(keys_of(bench, "a").value().keys.access_key_id, "KEYA");
  const auto sent = bench.transport->requests();
  EXPECT_THAT(sent.at(0).body, HasSubstr("RoleArn=B&RoleSessionName=endpointkit-1795608000"));
  EXPECT_THAT(header(sent.at(0).headers, "authorization")->value, HasSubstr("Credential=AKID/"));
  EXPECT_THAT(sent.at(1).body, HasSubstr("RoleArn=A&"));
  EXPECT_THAT(sent.at(1).body, HasSubstr("&ExternalId=e&DurationSeconds=1000"));
  EXPECT_THAT(header(sent.at(1).headers, "authorization")->value,
              HasSubstr("Credential=KEYB/20261125/eu-west-1/"));
}

TEST(AwsProfile, AsksAHumanForTheCodeOfAnMfaDevice) {
  const Bench bench(files("[profile a]\nrole_arn = A\nsource_profile = a\nmfa_serial = D\n",
                          "[a]\naws_access_key_id = AKID\naws_secret_access_key = S\n"));
  bench.transport->reply({.body = {sts_reply("KEY")}});
  std::string asked;
  EXPECT_THAT(keys_of(bench, "a",
                      [&](const std::string& serial) -> Result<Secret> {
                        asked = serial;
                        return Secret("123456");
                      }),
              IsOk());
  EXPECT_EQ(asked, "D");
  EXPECT_THAT(bench.transport->requests().at(0).body, HasSubstr("SerialNumber=D&TokenCode=123456"));
  EXPECT_THAT(keys_of(bench, "a"), FailsWith(HasSubstr("there is nobody to ask")));
}

TEST(AwsProfile, TakesItsFirstKeysFromTheEnvironmentIfItSaysSo) {
  World world = files("[profile a]\nrole_arn = A\ncredential_source = Environment\n");
  world.variables["AWS_ACCESS_KEY_ID"] = "ENVKEY";
  world.variables["AWS_SECRET_ACCESS_KEY"] = "S";
  const Bench bench(std::move(world));
  bench.transport->reply({.body = {sts_reply("KEY")}});
  EXPECT_THAT(keys_of(bench, "a"), IsOk());
  EXPECT_THAT(header(bench.transport->requests().at(0).headers, "authorization")->value,
              HasSubstr("Credential=ENVKEY/"));
}

TEST(AwsProfile, SaysWhatIsWrongWithItAndShowsNoSecret) {
  const struct {
    const char* config;
    const char* says;
  } cases[] = {
      {"[profile b]\n", "AWS profile \"a\" is in neither"},
      {"[profile a]\nregion = r\n", "says nothing about keys"},
      {"[profile a]\nrole_arn = A\n", "needs source_profile or credential_source"},
      {"[profile a]\nrole_arn = A\nsource_profile = b\n", "names \"b\", which is in neither file"},
      {"[profile a]\nrole_arn = A\nsource_profile = b\n[profile b]\nrole_arn = B\n"
       "source_profile = a\n",
       "loop by source_profile: a -> b -> a"},
      {"[profile a]\nrole_arn = A\nsource_profile = a\n", "loop by source_profile: a -> a"},
      {"[profile a]\nrole_arn = A\ncredential_source = Magic\n", "credential_source is \"Magic\""},
      {"[profile a]\nrole_arn = A\nsource_profile = b\nduration_seconds = 1\n", "900 to 43200"},
      {"[profile a]\naws_secret_access_key = PLANTED\n", "aws_access_key_id is missing"},
      {"[profile a]\nsso_session = s\n", "no section [sso-session s]"},
      {"[profile a]\nsso_account_id = 1\n", "sso_region is missing"},
      {"[profile a]\naws_access_key_id = A\naws_secret_access_key = PLANTED\n[profile c\n",
       "a section must end with ']'"},
  };
  for (const auto& [config, says] : cases) {
    const Bench bench(files(config));
    const auto keys = keys_of(bench, "a");
    EXPECT_THAT(keys, HasCode(ErrorCode::authentication)) << config;
    EXPECT_THAT(keys, FailsWith(HasSubstr(says))) << config;
    EXPECT_THAT(keys, FailsWith(Not(HasSubstr("PLANTED")))) << config;
  }
}

TEST(AwsProfile, IsReadAnewWhenItsKeysAreRefused) {
  const Bench bench(files("", "[default]\naws_access_key_id = OLD\naws_secret_access_key = S\n"));
  const auto signer = make_aws_profile_identity("default", {})
                          ->signer_for(sagemaker_scope(), bench.services())
                          .value();
  const HttpRequest request{.url = "https://host/"};
  const auto old = signer->sign(request, bench.context()).value();
  EXPECT_THAT(header(old, "authorization")->value, HasSubstr("Credential=OLD/"));
  (void)bench.environment->write_file(
      "/h/.aws/credentials", "[default]\naws_access_key_id = NEW\naws_secret_access_key = S\n");
  EXPECT_TRUE(signer->renew(old));
  EXPECT_THAT(header(signer->sign(request, bench.context()).value(), "authorization")->value,
              HasSubstr("Credential=NEW/"));
}

TEST(AwsProfile, ServesNoOtherCloud) {
  const Bench bench;
  EXPECT_THAT(make_aws_profile_identity("p", {})->signer_for(vertex_scope(), bench.services()),
              HasCode(ErrorCode::invalid_request));
}

// The key id that the default chain signs with, or what it says.
std::string chain_key(World world, std::shared_ptr<FakeTransport>* transport = nullptr) {
  world.variables.emplace("AWS_EC2_METADATA_DISABLED", "true");
  const Bench bench(std::move(world));
  bench.transport->handle(
      [](const HttpRequest&) -> ScriptedReply { return {.body = {sts_reply("WEB")}}; });
  if (transport != nullptr) *transport = bench.transport;
  const auto signer = make_chain_signer(aws_chain(), sagemaker_scope(), bench.services());
  const auto headers = signer->sign({.url = "https://host/"}, bench.context());
  if (!headers) return headers.error().message;
  return parse_sigv4_authorization(header(*headers, "authorization")->value).value().access_key_id;
}

TEST(AwsChain, LooksInTheOrderOfTheSdks) {
  World world = files(
      "[default]\naws_access_key_id = PROFILE\naws_secret_access_key = S\n[profile bare]\n"
      "region = us-east-1\n");
  world.files["/token"] = "jwt";
  world.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
  world.variables["AWS_ROLE_ARN"] = "R";
  EXPECT_EQ(chain_key(world), "PROFILE");
  world.variables["AWS_PROFILE"] = "bare";
  EXPECT_EQ(chain_key(world), "WEB");
  world.variables["AWS_ACCESS_KEY_ID"] = "ENV";
  world.variables["AWS_SECRET_ACCESS_KEY"] = "S";
  EXPECT_EQ(chain_key(world), "ENV");
}

TEST(AwsChain, StopsAtWhatIsConfiguredButBroken) {
  World world = files("[default]\nrole_arn = A\n");
  world.files["/token"] = "jwt";
  world.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
  world.variables["AWS_ROLE_ARN"] = "R";
  EXPECT_THAT(chain_key(world), HasSubstr("needs source_profile"));
  world.variables["AWS_PROFILE"] = "missing";
  EXPECT_THAT(chain_key(world), HasSubstr("\"missing\" is in neither"));
  world = files("");
  world.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
  EXPECT_THAT(chain_key(world), HasSubstr("AWS_ROLE_ARN is not"));
}

TEST(AwsChain, AsksNobodyIfNothingIsThere) {
  std::shared_ptr<FakeTransport> transport;
  EXPECT_THAT(chain_key({}, &transport), HasSubstr("found no AWS credentials"));
  EXPECT_EQ(transport->request_count(), 0u);
}

}  // namespace
}  // namespace ek::test

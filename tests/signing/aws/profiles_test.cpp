#include "signing/aws/profiles.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;

std::shared_ptr<const Environment> environment(World world) {
  return make_environment(std::make_shared<ManualClock>(), std::move(world));
}

TEST(AwsProfiles, FindsFilesBelowHome) {
  const AwsFiles files = aws_files(*environment({.variables = {{"HOME", "/home/me"}}}));
  EXPECT_EQ(files.config, "/home/me/.aws/config");
  EXPECT_EQ(files.credentials, "/home/me/.aws/credentials");
  EXPECT_EQ(files.sso_tokens, "/home/me/.aws/sso/cache");
  EXPECT_EQ(files.login_sessions, "/home/me/.aws/login/cache");
  EXPECT_EQ(aws_files(*environment({})).config, "");
  EXPECT_EQ(aws_files(*environment(
                          {.variables = {{"HOME", "/home/me"}, {"AWS_CONFIG_FILE", "~/aws.ini"}}}))
                .config,
            "/home/me/aws.ini");
}

TEST(AwsProfiles, TakesTheRegionFromVariablesBeforeTheProfile) {
  World world{.variables = {{"HOME", "/h"}, {"AWS_PROFILE", "dev"}},
              .files = {{"/h/.aws/config", "[profile dev]\nregion = eu-north-1\n"}}};
  EXPECT_EQ(aws_region(*environment(world)).value(), "eu-north-1");
  EXPECT_EQ(aws_region(with_aws_profile(*environment(world), "other")).value(), "");
  EXPECT_EQ(aws_region_or(with_aws_profile(*environment(world), "other"), "us-east-1").value(),
            "us-east-1");
  world.variables["AWS_DEFAULT_REGION"] = "us-west-2";
  EXPECT_EQ(aws_region(*environment(world)).value(), "us-west-2");
  world.variables["AWS_REGION"] = "ap-south-1";
  EXPECT_EQ(aws_region(*environment(world)).value(), "ap-south-1");
}

TEST(AwsProfiles, ReadsSettingsOfProfileAndServices) {
  const auto world = environment(
      {.variables = {{"HOME", "/h"}},
       .files = {{"/h/.aws/config",
                  "[default]\nuse_fips_endpoint = true\nservices = s\n[services s]\nsts =\n  "
                  "endpoint_url = https://sts.example\n"}}});
  EXPECT_EQ(aws_profile_setting(*world, "use_fips_endpoint").value(), "true");
  EXPECT_EQ(aws_profile_setting(*world, "use_dualstack_endpoint").value(), std::nullopt);
  EXPECT_EQ(aws_service_setting(*world, "sts", "endpoint_url").value(), "https://sts.example");
  EXPECT_EQ(aws_service_setting(*world, "sso", "endpoint_url").value(), std::nullopt);
}

TEST(AwsProfiles, SaysWhichFileIsBroken) {
  const auto world =
      environment({.variables = {{"HOME", "/h"}}, .files = {{"/h/.aws/config", "[default\n"}}});
  EXPECT_THAT(aws_region(*world), FailsWith(HasSubstr("/h/.aws/config, line 1")));
}

}  // namespace
}  // namespace ek::test

#include "signing/aws/endpoints.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(AwsEndpoint, FollowsPartitionAndVariant) {
  struct Row {
    const char *service, *region;
    bool fips, dual_stack;
    const char* url;
  };
  const Row table[] = {
      {"sagemaker-runtime", "eu-west-1", false, false,
       "https://runtime.sagemaker.eu-west-1.amazonaws.com"},
      {"sagemaker-runtime", "us-east-1", true, false,
       "https://runtime-fips.sagemaker.us-east-1.amazonaws.com"},
      {"sagemaker-runtime", "us-gov-west-1", true, false,
       "https://runtime.sagemaker.us-gov-west-1.amazonaws.com"},
      {"sagemaker-runtime", "us-east-1", true, true,
       "https://runtime.sagemaker-fips.us-east-1.api.aws"},
      {"sagemaker-runtime", "cn-north-1", false, true,
       "https://runtime.sagemaker.cn-north-1.api.amazonwebservices.com.cn"},
      {"bedrock-runtime", "eusc-de-east-1", false, false,
       "https://bedrock-runtime.eusc-de-east-1.amazonaws.eu"},
      {"sso", "us-gov-east-1", true, false, "https://portal.sso.us-gov-east-1.amazonaws.com"},
      {"signin", "us-east-1", false, false, "https://us-east-1.signin.aws.amazon.com"},
      {"signin-oauth", "us-east-1", false, true, "https://us-east-1.oauth.signin.aws"},
      {"signin-oauth", "cn-north-1", false, false, "https://cn-north-1.signin.amazonaws.cn"},
      {"sagemaker", "mars-central-1", false, false,
       "https://api.sagemaker.mars-central-1.amazonaws.com"},
  };
  for (const Row& row : table) {
    const auto found = resolve_aws_endpoint(row.service, row.region,
                                            {.fips = row.fips, .dual_stack = row.dual_stack});
    ASSERT_THAT(found, IsOk()) << row.url;
    EXPECT_EQ(found->url, row.url);
    EXPECT_EQ(found->signing_region, row.region);
  }
}

TEST(AwsEndpoint, SignsForTheOldGlobalHostOfStsInUsEast1) {
  const Bench legacy({.variables = {{"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}}});
  EXPECT_EQ(sts_region(*legacy.environment, "eu-west-1"), "aws-global");
  EXPECT_EQ(sts_region(*legacy.environment, "ap-east-1"), "ap-east-1") << "younger than the host";
  EXPECT_EQ(sts_region(*Bench().environment, "eu-west-1"), "eu-west-1");
  EXPECT_EQ(resolve_aws_endpoint("sts", "aws-global", {}).value(),
            (ResolvedEndpoint{"https://sts.amazonaws.com", "us-east-1"}));
}

TEST(AwsEndpoint, RefusesWhatHasNoHost) {
  const std::string custom = "https://vpce.example";
  const std::tuple<const char*, const char*, AwsEndpointSettings, const char*> table[] = {
      {"sts", "", {}, "AWS_REGION"},
      {"sts", "evil.example/", {}, "no AWS region"},
      {"s4", "us-east-1", {}, "s4"},
      {"sts", "us-east-1", {.fips = true, .url = custom}, "FIPS"},
      {"sts", "us-east-1", {.dual_stack = true, .url = custom}, "dual-stack"},
      {"signin-oauth", "us-east-1", {.fips = true}, "no FIPS host"},
      {"sts", "us-east-1", {.url = "ftp://x"}, "http"},
  };
  for (const auto& [service, region, settings, part] : table) {
    EXPECT_THAT(resolve_aws_endpoint(service, region, settings),
                AllOf(HasCode(ErrorCode::invalid_request), FailsWith(HasSubstr(part))));
  }
  EXPECT_EQ(resolve_aws_endpoint("sts", "", {.url = custom + "/base/"}).value().url,
            custom + "/base");
}

TEST(AwsEndpointSettings, FillsWhatIsLeftOpen) {
  const Bench bench({.variables = {{"AWS_USE_FIPS_ENDPOINT", "TRUE"},
                                   {"AWS_USE_DUALSTACK_ENDPOINT", "false"},
                                   {"AWS_ENDPOINT_URL", "http://all:1/"},
                                   {"AWS_ENDPOINT_URL_SSO_OIDC", "http://oidc:2"}}});
  const auto oidc = aws_endpoint_settings(*bench.environment, "sso-oidc").value();
  EXPECT_EQ(oidc.fips, true);
  EXPECT_EQ(oidc.dual_stack, false);
  EXPECT_EQ(oidc.url, "http://oidc:2");
  EXPECT_EQ(aws_endpoint_settings(*bench.environment, "sts").value().url, "http://all:1");
  const auto given = aws_endpoint_settings(*bench.environment, "sts",
                                           {.fips = false, .dual_stack = true, .url = "http://me"})
                         .value();
  EXPECT_EQ(given.fips, false);
  EXPECT_EQ(given.dual_stack, true);
  EXPECT_EQ(given.url, "http://me");
}

TEST(AwsEndpointSettings, IgnoresConfiguredUrlsOnDemand) {
  const Bench bench({.variables = {{"AWS_ENDPOINT_URL", "http://all:1"},
                                   {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}}});
  EXPECT_EQ(find_aws_endpoint(*bench.environment, "sts", "eu-west-1").value().url,
            "https://sts.eu-west-1.amazonaws.com");
}

TEST(AwsEndpointSettings, AsksTheProfileBehindEachVariable) {
  const World world{.variables = {{"AWS_CONFIG_FILE", "/config"}},
                    .files = {{"/config",
                               "[default]\nservices = mine\nendpoint_url = http://all:1\n"
                               "use_fips_endpoint = true\n"
                               "[services mine]\nsso_oidc =\n  endpoint_url = http://oidc:2\n"}}};
  const Bench bench(world);
  EXPECT_EQ(aws_endpoint_settings(*bench.environment, "sso-oidc").value().url, "http://oidc:2");
  EXPECT_EQ(aws_endpoint_settings(*bench.environment, "sts").value().url, "http://all:1");
  EXPECT_EQ(aws_endpoint_settings(*bench.environment, "sts").value().fips, true);
  World set = world;
  set.variables["AWS_ENDPOINT_URL"] = "http://variable:3";
  set.variables["AWS_USE_FIPS_ENDPOINT"] = "false";
  const Bench over(set);
  EXPECT_EQ(aws_endpoint_settings(*over.environment, "sso-oidc").value().url, "http://variable:3");
  EXPECT_EQ(aws_endpoint_settings(*over.environment, "sts").value().fips, false);
}

TEST(AwsRetryPolicy, ComesFromTheVariablesThenTheProfile) {
  const World world{.variables = {{"AWS_CONFIG_FILE", "/config"}},
                    .files = {{"/config", "[default]\nretry_mode = adaptive\nmax_attempts = 4\n"}}};
  const auto policy_of = [](const World& given) {
    return aws_retry_policy(*Bench(given).environment).value();
  };
  EXPECT_EQ(policy_of({}), RetryPolicy{});
  EXPECT_EQ(policy_of(world), (RetryPolicy{.max_attempts = 4, .mode = RetryMode::adaptive}));
  World set = world;
  set.variables["AWS_RETRY_MODE"] = "Legacy";
  set.variables["AWS_MAX_ATTEMPTS"] = "9";
  EXPECT_EQ(policy_of(set), RetryPolicy{.max_attempts = 9});
}

TEST(AwsRetryPolicy, NamesTheVariableThatIsWrong) {
  const std::pair<const char*, const char*> table[] = {{"AWS_RETRY_MODE", "fast"},
                                                       {"AWS_MAX_ATTEMPTS", "0"},
                                                       {"AWS_MAX_ATTEMPTS", "3x"},
                                                       {"AWS_MAX_ATTEMPTS", "99999999999"}};
  for (const auto& [name, text] : table) {
    const Bench bench({.variables = {{name, text}}});
    EXPECT_THAT(aws_retry_policy(*bench.environment),
                AllOf(HasCode(ErrorCode::invalid_request), FailsWith(HasSubstr(name))));
  }
}

TEST(AwsEndpointSettings, NamesTheVariableThatIsWrong) {
  for (const char* name : {"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
                           "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_ENDPOINT_URL_STS"}) {
    const Bench bench({.variables = {{name, "yes"}}});
    EXPECT_THAT(find_aws_endpoint(*bench.environment, "sts", "eu-west-1"),
                AllOf(HasCode(ErrorCode::invalid_request), FailsWith(HasSubstr(name))));
  }
}

}  // namespace
}  // namespace ek::test

#include "signing/aws/bearer.hpp"

#include "base/base64.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const std::chrono::sys_seconds noon(1795608000s);  // 2026-11-25T12:00:00Z

AwsKeys example_keys(std::string token = "") {
  return {.access_key_id = "AKIDEXAMPLE",
          .secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
          .session_token = Secret(std::move(token))};
}
SigningScope openai_route() {
  return {.aws_service = "sagemaker",
          .aws_region = "us-east-1",
          .aws_bearer = true,
          .accepts_key = true,
          .service = "SageMaker"};
}
std::string presigned_text(std::string_view token, std::string_view prefix) {
  EXPECT_THAT(std::string(token), StartsWith(std::string(prefix)));
  return base64_decode(token.substr(prefix.size())).value();
}

// The signatures were made with botocore 1.43.67.
TEST(AwsBearer, IsThatOfTheOfficialGenerators) {
  const std::pair<const char*, const char*> table[] = {
      {"bedrock", "251de2b19d933ae277b6bcbd65e3ea0a9db125f30ab917aeab460b93a17980aa"},
      {"sagemaker", "e33a1cd6250e1a0dbd0e34266d475e9e06cbae16af6abef9d115be18ff9ed404"}};
  for (const auto& [service, signature] : table) {
    Sha256 sha;
    const auto token = make_aws_bearer(sha, example_keys(), service, "us-east-1", noon, 12h);
    ASSERT_THAT(token, IsOk());
    const std::string name = service;
    EXPECT_EQ(presigned_text(token->reveal(), name + "-api-key-"),
              name +
                  ".amazonaws.com/?Action=CallWithBearerToken"
                  "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261125"
                  "%2Fus-east-1%2F" +
                  name +
                  "%2Faws4_request&X-Amz-Date=20261125T120000Z&X-Amz-Expires=43200"
                  "&X-Amz-SignedHeaders=host&X-Amz-Signature=" +
                  signature + "&Version=1");
  }
}

TEST(AwsBearer, SignsTheTokenOfTemporaryKeysAndLivesTwelveHoursAtMost) {
  Sha256 sha;
  const auto token = make_aws_bearer(sha, example_keys("T/"), "sagemaker", "us-east-1", noon, 1h);
  EXPECT_THAT(presigned_text(token.value().reveal(), "sagemaker-api-key-"),
              HasSubstr("&X-Amz-Security-Token=T%2F&X-Amz-SignedHeaders=host&X-Amz-Signature="));
  for (const std::chrono::seconds lifetime : {0s, 43201s}) {
    EXPECT_THAT(make_aws_bearer(sha, example_keys(), "sagemaker", "us-east-1", noon, lifetime),
                HasCode(ErrorCode::invalid_request));
  }
}

TEST(AwsBearerSigner, TakesThePlaceOfSigV4WhereTheScopeSaysSo) {
  const Bench bench;
  const auto signer =
      make_aws_identity(example_keys())->signer_for(openai_route(), bench.services()).value();
  const auto headers = signer->sign({.url = "https://h/"}, {}).value();
  ASSERT_EQ(headers.size(), 1U);
  EXPECT_THAT(headers[0].value, StartsWith("Bearer sagemaker-api-key-"));
  EXPECT_TRUE(headers[0].sensitive);
  EXPECT_THAT(presigned_text(headers[0].value.substr(7), "sagemaker-api-key-"),
              HasSubstr("X-Amz-Expires=3600&"));
  EXPECT_THAT(signer->sign({.url = "http://elsewhere/"}, {}), HasCode(ErrorCode::authentication))
      << "unlike a signature, a bearer token must not travel in the open";
  bench.clock->advance(1h);
  EXPECT_NE(signer->sign({.url = "https://h/"}, {}).value(), headers) << "fresh at each request";
}

TEST(AwsBearerSigner, DropsTheKeysWhoseTokenWasRefused) {
  const Bench bench;
  std::string dropped;
  const auto keys = std::make_shared<const AwsKeys>(example_keys());
  const auto signer = make_sigv4_signer(
      {.get = [&](const SignContext&) { return Result<std::shared_ptr<const AwsKeys>>(keys); },
       .drop = [&](const AwsKeys& refused) { dropped = refused.access_key_id; }},
      openai_route(), bench.environment);
  EXPECT_TRUE(signer->renew(signer->sign({.url = "https://h/"}, {}).value()));
  EXPECT_EQ(dropped, "AKIDEXAMPLE");
  EXPECT_FALSE(signer->renew({{"authorization", "Bearer sagemaker-api-key-%%"}}));
  EXPECT_FALSE(signer->renew({{"authorization", "Bearer other"}}));
}

TEST(AwsBearerSigner, IsDatedUnlessTheClockIsToBeBelieved) {
  for (const bool bearer : {false, true}) {
    SigningScope scope = openai_route();
    scope.aws_bearer = bearer;
    const Bench bench, own({.variables = {{"AWS_DISABLE_CLOCK_SKEW_CORRECTION", "true"}}});
    const auto identity = make_aws_identity(example_keys());
    EXPECT_TRUE(identity->signer_for(scope, bench.services()).value()->is_dated());
    EXPECT_FALSE(identity->signer_for(scope, own.services()).value()->is_dated());
    const Bench by_profile(
        {.variables = {{"AWS_CONFIG_FILE", "/config"}},
         .files = {{"/config", "[default]\ndisable_clock_skew_correction = true\n"}}});
    EXPECT_FALSE(identity->signer_for(scope, by_profile.services()).value()->is_dated());
  }
}

TEST(BedrockKey, GoesBeforeAllKeysWhereItIsTaken) {
  SigningScope scope{.aws_service = "bedrock", .aws_region = "us-east-1", .accepts_key = true};
  const auto find = [](const SigningScope& wanted, const Bench& bench) {
    std::string why_not;
    auto signer = aws_bearer_key_source().find(wanted, bench.services(), bench.context(), why_not);
    EXPECT_NE(signer.value() == nullptr, why_not.empty());
    return signer.value();
  };
  const Bench bench({.variables = {{"AWS_BEARER_TOKEN_BEDROCK", "PLANTED"}}});
  const auto signer = find(scope, bench);
  ASSERT_NE(signer, nullptr);
  EXPECT_EQ(signer->sign({.url = "https://h/"}, {}).value()[0].value, "Bearer PLANTED");
  EXPECT_THAT(signer->describe(), HasSubstr("AWS_BEARER_TOKEN_BEDROCK"));
  EXPECT_EQ(find(scope, Bench({.variables = {{"AWS_BEARER_TOKEN_BEDROCK", ""}}})), nullptr);
  EXPECT_EQ(find(sagemaker_scope(), bench), nullptr);
  scope.accepts_key = false;
  EXPECT_EQ(find(scope, bench), nullptr);
}

}  // namespace
}  // namespace ek::test

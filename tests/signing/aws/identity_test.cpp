#include "signing/aws/identity.hpp"

#include <atomic>
#include <thread>

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

AwsKeys keys(std::string token = "") {
  return {.access_key_id = "AKIDEXAMPLE",
          .secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
          .session_token = Secret(std::move(token))};
}
HttpRequest golden_request() {
  return {.url = "https://runtime.sagemaker.us-east-1.amazonaws.com/endpoints/my-ep/invocations",
          .headers = {{"content-type", "application/json"},
                      {"X-Amzn-SageMaker-Target-Variant", "AllTraffic"}},
          .body = R"({"inputs":"hi"})"};
}
constexpr std::string_view golden_signature =
    "ff30c90d2a7a340b4dcbe614cd5fc92ade4b75e9478e6c6c91bd9360e0e4232b";

TEST(AwsIdentity, AddsDateAndAuthorizationOfTheGoldenRequest) {
  const Bench bench;
  const auto signer = make_aws_identity(keys())->signer_for(sagemaker_scope(), bench.services());
  ASSERT_THAT(signer, IsOk());
  const auto headers = (*signer)->sign(golden_request(), {});
  ASSERT_THAT(headers, IsOk());
  ASSERT_EQ(headers->size(), 2u);
  EXPECT_EQ(header(*headers, "x-amz-date")->value, "20261125T120000Z");
  EXPECT_THAT(header(*headers, "authorization")->value,
              HasSubstr("Signature=" + std::string(golden_signature)));
  EXPECT_TRUE(header(*headers, "authorization")->sensitive);
  EXPECT_FALSE((*signer)->renew(*headers));
}

TEST(AwsIdentity, NeverTakesASessionTokenFromTheEnvironment) {
  const Bench bench(World{.variables = {{"AWS_SESSION_TOKEN", "of other keys"}}});
  const auto signer =
      make_aws_identity(keys())->signer_for(sagemaker_scope(), bench.services()).value();
  EXPECT_EQ(header(signer->sign(golden_request(), {}).value(), "x-amz-security-token"), nullptr);
  const auto given =
      make_aws_identity(keys("MINE"))->signer_for(sagemaker_scope(), bench.services()).value();
  EXPECT_EQ(header(given->sign(golden_request(), {}).value(), "x-amz-security-token")->value,
            "MINE");
}

TEST(AwsIdentity, DerivesAnotherKeyOnTheNextDay) {
  const Bench bench;
  const auto signer =
      make_aws_identity(keys())->signer_for(sagemaker_scope(), bench.services()).value();
  (void)signer->sign(golden_request(), {});
  bench.clock->advance(24h);
  Sha256 sha;
  const HttpRequest request = golden_request();
  const AwsKeys mine = keys();
  const auto expected =
      sign_sigv4(sha, sigv4_request(request).value(),
                 make_sigv4_context(sha, mine, "us-east-1", "sagemaker",
                                    std::chrono::floor<std::chrono::seconds>(bench.clock->now())));
  EXPECT_EQ(signer->sign(request, {}).value(), expected.headers);
}

TEST(AwsIdentity, SignsOverPlainHttpSinceTheSecretStaysHere) {
  const Bench bench;
  const auto signer =
      make_aws_identity(keys())->signer_for(sagemaker_scope(), bench.services()).value();
  EXPECT_THAT(signer->sign({.url = "http://host/"}, {}), IsOk());
}

TEST(AwsIdentity, SignsTheSameOnManyThreads) {
  const Bench bench;
  const auto signer =
      make_aws_identity(keys())->signer_for(sagemaker_scope(), bench.services()).value();
  const auto expected = signer->sign(golden_request(), {}).value();
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 50; ++n) {
          if (signer->sign(golden_request(), {}).value() != expected) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST(AwsIdentity, RefusesKeysThatCannotWork) {
  const Bench bench;
  AwsKeys broken[] = {keys(), keys(), keys("to ken")};
  broken[0].access_key_id = "";
  broken[1].secret_access_key = Secret("PLANTED\n");
  for (const AwsKeys& these : broken) {
    const auto signer = make_aws_identity(these)->signer_for(sagemaker_scope(), bench.services());
    ASSERT_THAT(signer, IsOk());
    EXPECT_THAT(
        (*signer)->sign(golden_request(), {}),
        testing::AllOf(HasCode(ErrorCode::authentication), FailsWith(Not(HasSubstr("PLANTED")))));
  }
}

TEST(AwsIdentity, IsNamedByItsKeyIdAlone) {
  EXPECT_EQ(make_aws_identity(keys("TOKEN"))->describe(), "AWS access key AKID…MPLE");
  EXPECT_THAT(make_aws_identity(keys())->signer_for(vertex_scope(), Bench().services()),
              testing::AllOf(HasCode(ErrorCode::invalid_request),
                             FailsWith(HasSubstr("Vertex AI: it takes a Google identity"))));
}

TEST(SigV4Signer, AsksItsSourceAndDropsKeysThatWereRefused) {
  const Bench bench;
  std::string dropped;
  const auto mine = std::make_shared<const AwsKeys>(keys());
  const auto signer = make_sigv4_signer(
      {.description = "a role",
       .get = [&](const SignContext&) { return Result<std::shared_ptr<const AwsKeys>>(mine); },
       .drop = [&](const AwsKeys& refused) { dropped = refused.access_key_id; }},
      sagemaker_scope(), bench.environment);
  const auto headers = signer->sign(golden_request(), {}).value();
  EXPECT_TRUE(signer->renew(headers));
  EXPECT_EQ(dropped, "AKIDEXAMPLE");
  EXPECT_FALSE(signer->renew({}));
}

}  // namespace
}  // namespace ek::test

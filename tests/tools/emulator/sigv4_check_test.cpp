#include "emulator_fixture.hpp"

namespace ek::emulator {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using SigV4Check = EmulatorTest;
const std::string path = "/endpoints/chat/invocations";

std::string code_of(const Got& got) {
  return got.header("x-amzn-ErrorType").substr(0, got.header("x-amzn-ErrorType").find(':'));
}
std::string message_of(const Got& got) { return got.parsed()["message"].get<std::string>(); }

TEST_F(SigV4Check, AcceptsTheKeysOfItsEnvironment) { EXPECT_EQ(invoke(path, hello).status, 200); }

TEST_F(SigV4Check, RefusesARequestWithoutASignature) {
  const Got got = post(path, {}, hello);
  EXPECT_EQ(got.status, 403);
  EXPECT_EQ(code_of(got), "MissingAuthenticationTokenException");
  EXPECT_EQ(got.body, R"({"message":"Missing Authentication Token"})");
  EXPECT_NE(got.header("x-amzn-RequestId"), "");
}

TEST_F(SigV4Check, RefusesAnotherScheme) {
  const Got got = post(path, bearer("sesame"), hello);
  EXPECT_EQ(code_of(got), "IncompleteSignatureException");
  EXPECT_THAT(got.body, testing::Not(HasSubstr("sesame")));
}

TEST_F(SigV4Check, RefusesAnUnknownKey) {
  AwsProof proof = aws_proof();
  proof.keys.access_key_id = "AKIAIOSFODNN7EXAMPLE";
  const Got got = invoke(proof, path, hello);
  EXPECT_EQ(got.status, 403);
  EXPECT_EQ(code_of(got), "UnrecognizedClientException");
}

TEST_F(SigV4Check, ShowsTheCanonicalRequestOfAWrongSignature) {
  AwsProof proof = aws_proof();
  proof.keys.secret_access_key = Secret("wrong");
  const Got got = invoke(proof, path, hello);
  EXPECT_EQ(got.status, 403);
  EXPECT_EQ(code_of(got), "InvalidSignatureException");
  EXPECT_THAT(message_of(got), StartsWith("The request signature we calculated does not match"));
  EXPECT_THAT(message_of(got), HasSubstr("'POST\n/endpoints/chat/invocations\n\ncontent-type:"));
  EXPECT_THAT(message_of(got), HasSubstr("'AWS4-HMAC-SHA256\n"));
}

TEST_F(SigV4Check, RefusesABodyThatWasChangedAfterSigning) {
  AwsProof proof = aws_proof();
  proof.body_to_sign = hello + " ";
  EXPECT_EQ(code_of(invoke(proof, path, hello)), "InvalidSignatureException");
}

TEST_F(SigV4Check, RefusesAPathThatWasChangedAfterSigning) {
  const auto headers = aws_headers(aws_proof(), path, hello, "application/json");
  const Got got = send("POST", "/endpoints/other/invocations", headers, hello);
  EXPECT_EQ(code_of(got), "InvalidSignatureException");
}

TEST_F(SigV4Check, RefusesAnUnsignedAmzHeader) {
  auto headers = aws_headers(aws_proof(), path, hello, "application/json");
  headers.emplace("X-Amz-Extra", "1");
  const Got got = send("POST", path, headers, hello);
  EXPECT_EQ(got.status, 403);
  EXPECT_THAT(message_of(got), HasSubstr("'X-Amz-Extra' must be a 'SignedHeader'"));
}

TEST_F(SigV4Check, AllowsFiveMinutesOfSkewAndNoMore) {
  for (const int seconds : {-300, 300}) {
    AwsProof proof = aws_proof();
    proof.clock_offset = std::chrono::seconds(seconds);
    EXPECT_EQ(invoke(proof, path, hello).status, 200) << seconds;
  }
  AwsProof old = aws_proof();
  old.clock_offset = std::chrono::seconds(-301);
  EXPECT_EQ(message_of(invoke(old, path, hello)),
            "Signature expired: 20261125T115459Z is now earlier than 20261125T115500Z "
            "(20261125T120000Z - 5 min.)");
  AwsProof early = aws_proof();
  early.clock_offset = std::chrono::seconds(301);
  EXPECT_THAT(message_of(invoke(early, path, hello)), StartsWith("Signature not yet current: "));
}

TEST_F(SigV4Check, RefusesAnotherServiceOrRegion) {
  AwsProof service = aws_proof();
  service.service = "bedrock";
  EXPECT_EQ(message_of(invoke(service, path, hello)),
            "Credential should be scoped to correct service: 'sagemaker'. ");
  AwsProof region = aws_proof();
  region.region = "eu-west-1";
  EXPECT_THAT(message_of(invoke(region, path, hello)), HasSubstr("valid region, not 'eu-west-1'"));
}

TEST_F(SigV4Check, WantsTheTokenOfTemporaryKeys) {
  start({.session_token = true});
  EXPECT_THAT(variable("AWS_ACCESS_KEY_ID"), StartsWith("ASIA"));
  EXPECT_EQ(invoke(path, hello).status, 200);
  AwsProof proof = aws_proof();
  proof.keys.session_token = Secret();
  EXPECT_EQ(code_of(invoke(proof, path, hello)), "UnrecognizedClientException");
}

TEST_F(SigV4Check, CountsRefusalsApart) {
  (void)post(path, {}, hello);
  (void)invoke(path, hello);
  EXPECT_EQ(count("sagemaker/chat")["refused"], 1);
  EXPECT_EQ(count("sagemaker/chat")["requests"], 1);
}

}  // namespace
}  // namespace ek::emulator

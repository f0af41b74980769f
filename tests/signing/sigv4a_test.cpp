#include "signing/sigv4a.hpp"

#include "base/text.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

// Of AWS's documentation.
AwsKeys example_keys() {
  return {.access_key_id = "AKIDEXAMPLE",
          .secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};
}
const HttpRequest request{.url = "https://runtime.sagemaker.us-east-1.amazonaws.com/endpoints/e",
                          .headers = {{"content-type", "application/json"}},
                          .body = "{}"};
SigV4aContext context() {
  return {.access_key_id = "AKIDEXAMPLE",
          .region_set = "us-east-1,us-west-2",
          .service = "sagemaker",
          .time = std::chrono::sys_seconds(1795608000s)};
}

TEST(SigV4aKey, IsDerivedFromTheAccessKey) {
  Sha256 sha;
  const auto key = derive_sigv4a_key(sha, example_keys());
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(to_hex(key->public_key().x()),
            "b6618f6a65740a99e650b33b6b4b5bd0d43b176d721a3edfea7e7d2d56d936b1");
}

TEST(SigV4a, SignsTheRegionSetAndNoRegion) {
  Sha256 sha;
  const auto key = derive_sigv4a_key(sha, example_keys()).value();
  const auto trace = sign_sigv4a(sha, sigv4_request(request).value(), context(), key).value();
  EXPECT_EQ(trace.credential_scope, "20261125/sagemaker/aws4_request");
  EXPECT_EQ(trace.signed_headers, "content-type;host;x-amz-date;x-amz-region-set");
  EXPECT_THAT(trace.canonical_request, HasSubstr("\nx-amz-region-set:us-east-1,us-west-2\n"));
  EXPECT_THAT(trace.string_to_sign, StartsWith("AWS4-ECDSA-P256-SHA256\n20261125T120000Z\n"));
  EXPECT_TRUE(key.public_key().verify(trace.string_to_sign, from_hex(trace.signature).value()));
  EXPECT_THAT(header(trace.headers, "authorization")->value,
              StartsWith("AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20261125/sagemaker/"
                         "aws4_request, SignedHeaders=content-type;host;x-amz-date;"
                         "x-amz-region-set, Signature="));
}

TEST(SigV4a, SignsATokenUnlessToldNotTo) {
  Sha256 sha;
  const auto key = derive_sigv4a_key(sha, example_keys()).value();
  SigV4aContext with = context();
  with.session_token = "TOKEN";
  const auto to_sign = sigv4_request(request).value();
  EXPECT_THAT(sign_sigv4a(sha, to_sign, with, key).value().signed_headers,
              HasSubstr("x-amz-security-token"));
  const auto omitted = sign_sigv4a(sha, to_sign, with, key, {.omit_session_token = true}).value();
  EXPECT_EQ(omitted.signed_headers, "content-type;host;x-amz-date;x-amz-region-set");
  EXPECT_EQ(header(omitted.headers, "x-amz-security-token")->value, "TOKEN");
}

TEST(SigV4a, PresignsWithTheRegionSetInTheQuery) {
  Sha256 sha;
  const auto key = derive_sigv4a_key(sha, example_keys()).value();
  const auto to_sign = sigv4_request(request).value();
  const auto trace = presign_sigv4a(sha, to_sign, context(), key, 60s).value();
  EXPECT_THAT(trace.query, HasSubstr("&X-Amz-Region-Set=us-east-1%2Cus-west-2&X-Amz-Signature="));
  EXPECT_TRUE(key.public_key().verify(trace.string_to_sign, from_hex(trace.signature).value()));
  EXPECT_THAT(presign_sigv4a(sha, to_sign, context(), key, 0s),
              HasCode(ErrorCode::invalid_request));
}

}  // namespace
}  // namespace ek::test

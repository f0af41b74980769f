#include "signing/sigv4_refusal.hpp"

#include "signing/signing_fixture.hpp"
#include "signing/sigv4.hpp"

namespace ek::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const AwsKeys keys{.access_key_id = "ASIDEXAMPLE",
                   .secret_access_key = Secret("PLANTED-KEY"),
                   .session_token = Secret("PLANTED-TOKEN")};

struct Signed {
  HttpRequest sent;
  SigV4Trace trace;
};
Signed sign_request() {
  HttpRequest request{.url = "https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/e/x",
                      .headers = {{"Content-Type", "application/json"}},
                      .body = "{}"};
  Sha256 sha;
  const std::chrono::sys_seconds time{std::chrono::seconds(1795608000)};
  SigV4Trace trace = sign_sigv4(sha, sigv4_request(request).value(),
                                make_sigv4_context(sha, keys, "eu-west-1", "sagemaker", time));
  request.headers.insert(request.headers.end(), trace.headers.begin(), trace.headers.end());
  return {std::move(request), std::move(trace)};
}

// What the service says, in its own words.
std::string refusal(std::string canonical, const std::string& to_sign, const std::string& from = "",
                    const std::string& to = "") {
  if (!from.empty()) canonical.replace(canonical.find(from), from.size(), to);
  return "The request signature we calculated does not match the signature you provided. Check "
         "your "
         "AWS Secret Access Key and signing method. Consult the service documentation for "
         "details.\n\nThe Canonical String for this request should have been\n'" +
         canonical + "'\n\nThe String-to-Sign should have been\n'" + to_sign + "'\n";
}

TEST(SigV4Refusal, NamesTheFirstLineThatDiffers) {
  const auto [sent, trace] = sign_request();
  EXPECT_THAT(
      explain_sigv4_refusal(sent, refusal(trace.canonical_request, trace.string_to_sign,
                                          "content-type:application/json",
                                          "content-type:application/json; charset=utf-8")),
      AllOf(
          HasSubstr("line 4 of the canonical request is \"content-type:application/json\" as sent"),
          HasSubstr("\"content-type:application/json; charset=utf-8\" as the service received"),
          HasSubstr("proxy")));
}

TEST(SigV4Refusal, SeesALineThatIsMissing) {
  const auto [sent, trace] = sign_request();
  EXPECT_THAT(
      explain_sigv4_refusal(sent, refusal(trace.canonical_request, trace.string_to_sign,
                                          "host:runtime.sagemaker.eu-west-1.amazonaws.com\n", "")),
      HasSubstr("line 5 of the canonical request is \"host:runtime"));
}

TEST(SigV4Refusal, MasksSessionTokens) {
  const auto [sent, trace] = sign_request();
  EXPECT_THAT(explain_sigv4_refusal(sent, refusal(trace.canonical_request, trace.string_to_sign,
                                                  "PLANTED-TOKEN", "PLANTED-OTHER")),
              AllOf(HasSubstr("x-amz-security-token:***"), Not(HasSubstr("PLANTED"))));
}

TEST(SigV4Refusal, BlamesTheKeyIfNothingDiffers) {
  const auto [sent, trace] = sign_request();
  EXPECT_THAT(explain_sigv4_refusal(sent, refusal(trace.canonical_request, trace.string_to_sign)),
              HasSubstr("the secret access key is not the one"));
}

TEST(SigV4Refusal, ComparesTheStringToSignToo) {
  const auto [sent, trace] = sign_request();
  std::string to_sign = trace.string_to_sign;
  to_sign.replace(to_sign.find("eu-west-1"), 9, "us-east-1");
  EXPECT_THAT(explain_sigv4_refusal(sent, refusal(trace.canonical_request, to_sign)),
              HasSubstr("line 3 of the string to sign is \"20261125/eu-west-1/sagemaker"));
}

TEST(SigV4Refusal, SaysNothingWithoutAQuoteOrASignature) {
  const auto [sent, trace] = sign_request();
  EXPECT_EQ(explain_sigv4_refusal(sent, "The security token is invalid"), "");
  EXPECT_EQ(explain_sigv4_refusal(sent, "The Canonical String for this request should have been"),
            "");
  EXPECT_EQ(explain_sigv4_refusal({.url = "https://h/"},
                                  refusal(trace.canonical_request, trace.string_to_sign)),
            "");
}

}  // namespace
}  // namespace ek::test

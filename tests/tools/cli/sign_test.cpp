#include "tools/cli/sign.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "tools/cli/scoped_variables.hpp"

namespace ek::cli {
namespace {

using testing::HasSubstr;

class SignCommand : public testing::Test {
 protected:
  SignCommand() {
    variables_.set({{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                    {"AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
                    {"AWS_SESSION_TOKEN", ""},
                    {"AWS_REGION", "us-east-1"}});
  }
  ExitCode run(const std::string& request, SignArguments arguments = {}) {
    arguments.file = "-";
    if (arguments.service.empty()) arguments.service = "sagemaker";
    if (arguments.time.empty()) arguments.time = "20261125T120000Z";
    std::istringstream in(request);
    return sign_command(arguments, in, out_, err_);
  }
  test::ScopedVariables variables_;
  std::ostringstream out_, err_;
};

// The same request that botocore 1.43.67 signed.
const std::string invocation =
    "POST /endpoints/my-ep/invocations HTTP/1.1\r\nHost: "
    "runtime.sagemaker.us-east-1.amazonaws.com\r\n"
    "Content-Type: application/json\r\nX-Amzn-SageMaker-Target-Variant: "
    "AllTraffic\r\n\r\n{\"inputs\":\"hi\"}";

TEST_F(SignCommand, ShowsEachStep) {
  EXPECT_EQ(run(invocation), success) << err_.str();
  EXPECT_THAT(
      out_.str(),
      HasSubstr("canonical "
                "request:\nPOST\n/endpoints/my-ep/invocations\n\ncontent-type:application/json\n"));
  EXPECT_THAT(out_.str(),
              HasSubstr("488d8b76651689aa401681fd5c5da49ab30742dd8ec292bd19a48143dc7245aa\n"));
  EXPECT_THAT(out_.str(),
              HasSubstr("919cd15fd72479ba12c39475f8e390f737d371aa52d9ff984ee382967c211936"));
  EXPECT_THAT(
      out_.str(),
      HasSubstr("Signature=ff30c90d2a7a340b4dcbe614cd5fc92ade4b75e9478e6c6c91bd9360e0e4232b"));
}

TEST_F(SignCommand, ExplainsWhereEachPartComesFrom) {
  variables_.set({{"AWS_SESSION_TOKEN", "planted-session-token"}});
  std::string request = invocation;
  request.insert(request.find("Content-Type"), "User-Agent: me\r\n");
  EXPECT_EQ(run(request, {.explain = true}), success) << err_.str();
  for (const char* part :
       {"AKID…MPLE from AWS_ACCESS_KEY_ID", "temporary keys", "us-east-1 from AWS_REGION",
        "20261125/us-east-1/sagemaker/aws4_request", "not signed   User-Agent", "15 bytes",
        "canonical request:", "string to sign:"})
    EXPECT_THAT(out_.str(), HasSubstr(part));
  EXPECT_THAT(out_.str(), testing::Not(HasSubstr("planted-session-token")));
  EXPECT_THAT(out_.str(), testing::Not(HasSubstr("wJalrXUtnFEMI")));
}

TEST_F(SignCommand, TakesLinesThatEndWithLineFeedsAlone) {
  std::string lines = invocation;
  std::erase(lines, '\r');
  EXPECT_EQ(run(lines), success);
  EXPECT_THAT(out_.str(),
              HasSubstr("ff30c90d2a7a340b4dcbe614cd5fc92ade4b75e9478e6c6c91bd9360e0e4232b"));
}

TEST_F(SignCommand, ShowsNoSecret) {
  variables_.set("AWS_SESSION_TOKEN", "planted/token+");
  EXPECT_EQ(run(invocation), success);
  EXPECT_EQ(run(invocation, {.expires_seconds = 60}), success);
  EXPECT_THAT(out_.str(),
              testing::AllOf(testing::Not(HasSubstr("planted")),
                             testing::Not(HasSubstr("wJalrXUtnFEMI")), HasSubstr("***")));
}

TEST_F(SignCommand, RefusesWhatItCannotSign) {
  EXPECT_EQ(run("hello"), user_error);
  EXPECT_EQ(run("GET / HTTP/1.1\n\n"), user_error);  // no Host
  EXPECT_EQ(run("GET / HTTP/1.1\nHost x\n\n"), user_error);
  EXPECT_EQ(run(invocation, {.time = "yesterday"}), user_error);
  EXPECT_EQ(run(invocation, {.time = "20261325T120000Z"}), user_error);
  variables_.set("AWS_SECRET_ACCESS_KEY", "");
  EXPECT_EQ(run(invocation), user_error);
  EXPECT_THAT(err_.str(), HasSubstr("AWS_SECRET_ACCESS_KEY"));
  EXPECT_EQ(out_.str(), "");
}

}  // namespace
}  // namespace ek::cli

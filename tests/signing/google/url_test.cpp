#include "signing/google/url.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(GoogleUrl, TrustsGooglesHostsAndThisMachine) {
  for (const char* url :
       {"https://oauth2.googleapis.com/token", "https://sts.googleapis.com/v1/token",
        "https://sts.mtls.googleapis.com/v1/token", "https://accounts.google.com/o/oauth2/token",
        "https://STS.GoogleApis.com/v1/token", "http://127.0.0.1:8080/token",
        "https://localhost/token", "http://[::1]:9/token"}) {
    EXPECT_THAT(check_google_url("token_url", url, default_universe), IsOk()) << url;
  }
}

TEST(GoogleUrl, TrustsNoOtherHostHoweverItLooks) {
  for (const char* url :
       {"https://evil.example/token", "https://googleapis.com.evil.example/",
        "https://evilgoogleapis.com/", "https://sts.googleapis.com@evil.example/",
        "https://evil.example/?sts.googleapis.com", "https://evil.example#.googleapis.com",
        "http://sts.googleapis.com/v1/token", "ftp://sts.googleapis.com/", "file:///etc/passwd",
        "https://googleapis.com/", "https://169.254.169.254/", "https://localhost.evil.example/",
        "//sts.googleapis.com/", "sts.googleapis.com", ""}) {
    EXPECT_THAT(check_google_url("token_url", url, default_universe),
                AllOf(HasCode(ErrorCode::authentication), HasPhase(Phase::credentials),
                      FailsWith(HasSubstr("\"token_url\""))))
        << url;
  }
}

TEST(GoogleUrl, TrustsTheUniverseBesidesTheDefaultOne) {
  EXPECT_THAT(check_google_url("token_url", "https://sts.u.example/v1/token", "u.example"), IsOk());
  EXPECT_THAT(check_google_url("token_url", "https://u.example/", "u.example"),
              FailsWith(HasSubstr("u.example")));
  EXPECT_EQ(check_universe("").value(), "googleapis.com");
  EXPECT_EQ(check_universe("U.Example").value(), "u.example");
  for (const char* name : {".", "a..b", "a/b", "a b", ".com"}) {
    EXPECT_THAT(check_universe(name), FailsWith(HasSubstr("universe_domain"))) << name;
  }
}

TEST(GoogleUrl, HidesTheQueryOfAUrlThatItRefuses) {
  EXPECT_THAT(check_google_url("token_url", "https://evil.example/?k=PLANTED", default_universe),
              FailsWith(AllOf(HasSubstr("evil.example"), Not(HasSubstr("PLANTED")))));
}

TEST(GoogleUrl, FindsTheServiceAccountInAnImpersonationUrl) {
  const std::string before = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/";
  EXPECT_EQ(check_impersonation_url(before + "a-b@p.iam.gserviceaccount.com:generateAccessToken",
                                    default_universe)
                .value(),
            "a-b@p.iam.gserviceaccount.com");
  for (const std::string& url :
       {before + ":generateAccessToken", before + "a@p:signBlob", before + "a:generateAccessToken",
        before + "a@p/../b@p:generateAccessToken", before + "a@p:generateAccessToken?x=1",
        before + "a@" + std::string(256, 'p') + ":generateAccessToken",
        std::string("https://evil.example/v1/projects/-/serviceAccounts/a@p:generateAccessToken"),
        std::string("https://storage.googleapis.com/bucket/a@p:generateAccessToken")}) {
    EXPECT_THAT(check_impersonation_url(url, default_universe),
                FailsWith(HasSubstr("service_account_impersonation_url")))
        << url;
  }
}

TEST(GoogleUrl, AsksForAwsKeysOnTheLinkOnly) {
  for (const char* url :
       {"http://169.254.169.254/latest/api/token", "http://[fd00:ec2::254]/latest/api/token"}) {
    EXPECT_THAT(check_aws_metadata_url("url", url), IsOk()) << url;
  }
  for (const char* url : {"https://169.254.169.254/", "http://169.254.169.254:81/",
                          "http://169.254.169.254.evil.example/", "http://evil.example/",
                          "http://169.254.169.253/", "http://127.0.0.1/"}) {
    EXPECT_THAT(check_aws_metadata_url("url", url), FailsWith(HasSubstr("169.254.169.254"))) << url;
  }
}

TEST(GoogleUrl, SignsNoOtherQuestionThanWhoTheCallerIs) {
  const std::string question = "?Action=GetCallerIdentity&Version=2011-06-15";
  for (const std::string host :
       {"https://sts.{region}.amazonaws.com", "https://sts.{region}.amazonaws.com/",
        "https://sts.{region}.amazonaws.com.cn", "https://sts.amazonaws.com"}) {
    EXPECT_THAT(check_caller_identity_url(host + question), IsOk()) << host;
  }
  for (const std::string& url :
       {std::string(), "http://sts.{region}.amazonaws.com" + question,
        "https://sts.{region}.evil.example" + question,
        std::string("https://sts.{region}.amazonaws.com?Action=AssumeRole&Version=2011-06-15"),
        "https://sts.{region}.amazonaws.com" + question + "&Action=AssumeRole"}) {
    EXPECT_THAT(check_caller_identity_url(url),
                FailsWith(HasSubstr("regional_cred_verification_url")))
        << url;
  }
}

TEST(GoogleUrl, LetsIdentityProvidersBeAnywhereOnTheWeb) {
  EXPECT_THAT(check_provider_url("http://169.254.169.254/metadata/identity/oauth2/token?x=1"),
              IsOk());
  EXPECT_THAT(check_provider_url("https://idp.example/token"), IsOk());
  EXPECT_THAT(check_provider_url("file:///etc/passwd"), FailsWith(HasSubstr("http or https")));
}

}  // namespace
}  // namespace ek::test

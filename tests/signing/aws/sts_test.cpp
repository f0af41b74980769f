#include "signing/aws/sts.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

std::string reply(const std::string& action) {
  return "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + action +
         "Result><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn>"
         "</AssumedRoleUser><Credentials><AccessKeyId>ASIA</AccessKeyId>"
         "<SecretAccessKey>new/secret+</SecretAccessKey><SessionToken>TOKEN==</SessionToken>"
         "<Expiration>2026-11-25T13:00:00Z</Expiration></Credentials></" +
         action + "Result></" + action + "Response>";
}
std::string refusal_of(const std::string& code) {
  return "<ErrorResponse><Error><Type>Sender</Type><Code>" + code +
         "</Code><Message>no, PLANTED</Message></Error><RequestId>id-1</RequestId></ErrorResponse>";
}
TemporaryKeys expected_keys() {
  return {.keys = {.access_key_id = "ASIA",
                   .secret_access_key = Secret("new/secret+"),
                   .session_token = Secret("TOKEN==")},
          .expires = std::chrono::sys_seconds(1795611600s),
          .account_id = "123456789012"};
}
const AwsKeys base{.access_key_id = "AKID", .secret_access_key = Secret("SECRET")};
const WebIdentityRole web{
    .role_arn = "arn:aws:iam::1:role/r", .session_name = "s", .token_file = "/token"};

TEST(AssumeRole, SendsEveryParameterSigned) {
  const Bench bench;
  bench.transport->reply({.body = {reply("AssumeRole")}});
  const auto keys = fetch_assumed_role({.role_arn = "arn:aws:iam::1:role/r",
                                        .session_name = "me",
                                        .external_id = "x y",
                                        .duration = 900s,
                                        .mfa_serial = "arn:aws:iam::1:mfa/me",
                                        .mfa_code = Secret("123456")},
                                       base, "eu-west-1", bench.services(), bench.context());
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(*keys, expected_keys());
  const HttpRequest sent = bench.transport->requests().at(0);
  EXPECT_EQ(sent.url, "https://sts.eu-west-1.amazonaws.com/");
  EXPECT_EQ(sent.body,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&"
            "RoleSessionName=me&ExternalId=x%20y&DurationSeconds=900&"
            "SerialNumber=arn%3Aaws%3Aiam%3A%3A1%3Amfa%2Fme&TokenCode=123456");
  EXPECT_THAT(header(sent.headers, "authorization")->value,
              HasSubstr("Credential=AKID/20261125/eu-west-1/sts/aws4_request"));
}

TEST(AssumeRole, TellsWhatStsSaid) {
  const struct {
    int status;
    const char* code;
    ErrorCode becomes;
    bool retryable;
    std::size_t tries;
  } cases[] = {{403, "AccessDenied", ErrorCode::authentication, false, 1},
               {400, "IDPCommunicationError", ErrorCode::unavailable, true, 1},
               {429, "Throttling", ErrorCode::rate_limit, true, 2},
               {503, "ServiceUnavailable", ErrorCode::unavailable, true, 2}};
  for (const auto& [status, code, becomes, retryable, tries] : cases) {
    const Bench bench;
    for (std::size_t i = 0; i < tries; ++i)
      bench.transport->reply({.status = status, .body = {refusal_of(code)}});
    const auto keys = fetch_assumed_role({.role_arn = "the-role"}, base, "us-east-1",
                                         bench.services(), bench.context());
    ASSERT_THAT(keys, HasCode(becomes)) << code;
    EXPECT_THAT(keys, FailsWith(HasSubstr(std::string(code) + ": no, PLANTED")));
    EXPECT_THAT(keys, FailsWith(HasSubstr("the-role")));
    EXPECT_EQ(keys.error().provider_code, code);
    EXPECT_EQ(keys.error().request_id, "id-1");
    EXPECT_EQ(keys.error().retryable, retryable);
    EXPECT_EQ(bench.transport->replies_left(), 0u);
  }
}

TEST(AssumeRole, NeedsARegion) {
  const Bench bench;
  EXPECT_THAT(fetch_assumed_role({.role_arn = "r"}, base, "", bench.services(), bench.context()),
              HasCode(ErrorCode::invalid_request));
}

TEST(WebIdentity, SendsTheTokenUnsignedAndShowsItNowhere) {
  const Bench bench(World{.files = {{"/token", "PLANTED\n"}}});
  bench.transport->reply({.body = {reply("AssumeRoleWithWebIdentity")}});
  EXPECT_EQ(fetch_web_identity_role(web, "us-east-1", bench.services(), bench.context()).value(),
            expected_keys());
  const HttpRequest sent = bench.transport->requests().at(0);
  EXPECT_EQ(sent.body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn="
            "arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=s&WebIdentityToken=PLANTED");
  EXPECT_EQ(header(sent.headers, "authorization"), nullptr);
  bench.transport->reply({.status = 403, .body = {refusal_of("AccessDenied")}});
  EXPECT_THAT(fetch_web_identity_role(web, "us-east-1", bench.services(), bench.context()),
              FailsWith(Not(HasSubstr("PLANTED"))));
}

TEST(WebIdentity, ReadsTheFileOnceMoreWhenItsTokenHasExpired) {
  const Bench bench(World{.files = {{"/token", "old"}}});
  // The file changes while the first question is under way.
  bench.transport->handle([&](const HttpRequest& request) -> ScriptedReply {
    if (request.body.ends_with("=new")) return {.body = {reply("AssumeRoleWithWebIdentity")}};
    (void)bench.environment->write_file("/token", "new");
    return {.status = 400, .body = {refusal_of("ExpiredTokenException")}};
  });
  EXPECT_THAT(fetch_web_identity_role(web, "us-east-1", bench.services(), bench.context()), IsOk());
  EXPECT_EQ(bench.transport->request_count(), 2u);
}

TEST(WebIdentity, WantsATokenInTheFile) {
  const Bench bench(World{.files = {{"/token", "\n"}}});
  EXPECT_THAT(fetch_web_identity_role(web, "us-east-1", bench.services(), bench.context()),
              FailsWith(HasSubstr("\"/token\", but it is empty")));
  const Bench without;
  EXPECT_THAT(fetch_web_identity_role(web, "us-east-1", without.services(), without.context()),
              FailsWith(HasSubstr("/token")));
}

TEST(StsReply, NamesWhatIsMissing) {
  for (const std::string name : {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}) {
    std::string xml = reply("AssumeRole");
    for (auto at = xml.find(name + '>'); at != std::string::npos; at = xml.find(name + '>', at + 2))
      xml.insert(at, "x");
    EXPECT_THAT(parse_sts_reply(xml), FailsWith(HasSubstr("has no " + name))) << xml;
  }
}

TEST(CallerIdentity, IsTheArnThatStsTells) {
  const Bench bench;
  bench.transport->reply({.body = {"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn> "
                                   "arn:aws:iam::1:user/me\n</Arn></GetCallerIdentityResult>"
                                   "</GetCallerIdentityResponse>"}});
  const AwsKeys temporary{.access_key_id = "ASIA",
                          .secret_access_key = Secret("SECRET"),
                          .session_token = Secret("TOKEN")};
  const auto who = fetch_caller_identity(temporary, "eu-west-1", bench.services(), bench.context());
  ASSERT_THAT(who, IsOk());
  EXPECT_EQ(*who, "arn:aws:iam::1:user/me");
  const HttpRequest sent = bench.transport->requests().at(0);
  EXPECT_EQ(sent.url, "https://sts.eu-west-1.amazonaws.com/");
  EXPECT_EQ(sent.body, "Action=GetCallerIdentity&Version=2011-06-15");
  EXPECT_EQ(header(sent.headers, "x-amz-security-token")->value, "TOKEN");
  EXPECT_THAT(header(sent.headers, "authorization")->value,
              HasSubstr("Credential=ASIA/20261125/eu-west-1/sts/aws4_request"));
}

TEST(CallerIdentity, IsToldFromARefusalAndFromAnAnswerWithoutArn) {
  const Bench bench;
  const AwsKeys temporary{.access_key_id = "ASIA",
                          .secret_access_key = Secret("SECRET"),
                          .session_token = Secret("PLANTED")};
  const auto ask = [&] {
    return fetch_caller_identity(temporary, "eu-west-1", bench.services(), bench.context());
  };
  bench.transport->reply({.status = 403, .body = {refusal_of("InvalidClientTokenId")}});
  EXPECT_THAT(ask(), testing::AllOf(HasCode(ErrorCode::authentication),
                                    FailsWith(HasSubstr("did not say who signs")),
                                    FailsWith(Not(HasSubstr("PLANTED")))));
  bench.transport->reply({.body = {"<GetCallerIdentityResponse/>"}});
  EXPECT_THAT(ask(), testing::AllOf(HasCode(ErrorCode::server_error), FailsWith(HasSubstr("Arn"))));
}

}  // namespace
}  // namespace ek::test

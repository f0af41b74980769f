#include "signing/google/aws_subject.hpp"

#include <nlohmann/json.hpp>

#include "base/uri.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

const std::string question = "?Action=GetCallerIdentity&Version=2011-06-15";
const std::string source_text =
    R"({"environment_id":"aws1","region_url":"http://169.254.169.254/zone",)"
    R"("url":"http://169.254.169.254/keys","regional_cred_verification_url":)"
    R"("https://sts.{region}.amazonaws.com)" +
    question + "\"}";

Result<SubjectSource> read(const std::string& text = source_text) {
  return read_subject_source(JsonObject::parse(text).value(), {.audience = "//iam/pool"});
}
std::string replaced(const std::string& part, const std::string& by) {
  std::string out = source_text;
  return out.replace(out.find(part), part.size(), by);
}
const World keys_in_variables{.variables = {{"AWS_REGION", "eu-west-1"},
                                            {"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                                            {"AWS_SECRET_ACCESS_KEY", "PLANTED"}}};

// What Google will send to AWS.
json request_in(const Secret& token) { return json::parse(percent_decode(token.reveal())); }
std::string header_in(const json& request, const std::string& name) {
  for (const json& each : request["headers"]) {
    if (each["key"] == name) return each["value"];
  }
  return "";
}

TEST(AwsSubject, SignsTheQuestionWithTheKeysOfTheVariables) {
  const Bench bench(keys_in_variables);
  const auto token = read().value().fetch(bench.services(), bench.context());
  ASSERT_THAT(token, IsOk());
  const json request = request_in(*token);
  EXPECT_EQ(request["url"], "https://sts.eu-west-1.amazonaws.com" + question);
  EXPECT_EQ(request["method"], "POST");
  EXPECT_EQ(header_in(request, "x-goog-cloud-target-resource"), "//iam/pool");
  EXPECT_EQ(header_in(request, "x-amz-date"), "20261125T120000Z");
  // The server's side finds the signature right.
  std::vector<Header> headers;
  for (const json& each : request["headers"]) headers.push_back({each["key"], each["value"]});
  const auto authorization = parse_sigv4_authorization(header_in(request, "Authorization")).value();
  const SigV4Request received{.method = "POST",
                              .path = "/",
                              .query = std::string_view(question).substr(1),
                              .headers = headers};
  Sha256 sha;
  EXPECT_EQ(recompute_sigv4(sha, received, authorization, Secret("PLANTED")).value().signature,
            authorization.signature);
  EXPECT_EQ(token->reveal().find("PLANTED"), std::string::npos);
}

TEST(AwsSubject, AsksTheMetadataServiceForTheRegionOnceAndForKeysEachTime) {
  const Bench bench;
  bench.transport->handle([](const HttpRequest& request) {
    if (request.url.ends_with("/zone")) return ScriptedReply{.body = {"us-east-2b"}};
    if (request.url.ends_with("/keys")) return ScriptedReply{.body = {"my role\n"}};
    return ScriptedReply{.body = {R"({"AccessKeyId":"A","SecretAccessKey":"S","Token":"T"})"}};
  });
  const SubjectSource source = read().value();
  for (int i = 0; i < 2; ++i) {
    const auto token = source.fetch(bench.services(), bench.context());
    ASSERT_THAT(token, IsOk());
    EXPECT_EQ(request_in(*token)["url"], "https://sts.us-east-2.amazonaws.com" + question);
    EXPECT_EQ(header_in(request_in(*token), "x-amz-security-token"), "T");
  }
  std::vector<std::string> urls;
  for (const HttpRequest& request : bench.transport->requests()) urls.push_back(request.url);
  const std::string keys = "http://169.254.169.254/keys";
  EXPECT_EQ(urls, (std::vector<std::string>{"http://169.254.169.254/zone", keys,
                                            keys + "/my%20role", keys, keys + "/my%20role"}));
  EXPECT_TRUE(bench.transport->transfers()[0].bypass_proxy);
}

TEST(AwsSubject, TakesTheKeysOfAContainerBeforeThoseOfItsMachine) {
  const Bench bench(
      World{.variables = {{"AWS_REGION", "eu-west-1"},
                          {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x"}}});
  bench.transport->reply({.body = {R"({"AccessKeyId":"AKIDTASK","SecretAccessKey":"S",)"
                                   R"("Token":"T","Expiration":"2026-11-25T13:00:00Z"})"}});
  const auto token = read().value().fetch(bench.services(), bench.context());
  ASSERT_THAT(token, IsOk());
  EXPECT_THAT(header_in(request_in(*token), "Authorization"), HasSubstr("AKIDTASK/"));
}

TEST(AwsSubject, RefusesWhatTheFileMayNotSay) {
  const std::pair<std::string, std::string> cases[] = {
      {replaced("aws1", "aws2"), "\"aws2\""},
      {replaced("http://169.254.169.254/zone", "http://evil.example/zone"), "\"region_url\""},
      {replaced("http://169.254.169.254/keys", "http://evil.example/keys"), "\"url\""},
      {replaced("GetCallerIdentity", "AssumeRole"), "regional_cred_verification_url"},
      {replaced(R"("region_url")", R"("imdsv2_session_token_url":"http://evil.example/","r")"),
       "\"imdsv2_session_token_url\""}};
  for (const auto& [text, why] : cases) EXPECT_THAT(read(text), FailsWith(HasSubstr(why))) << text;
}

TEST(AwsSubject, DoesNotSignForARegionThatIsNone) {
  World world = keys_in_variables;
  for (const char* region : {"evil.example/", "a b", "x.evil"}) {
    world.variables["AWS_REGION"] = region;
    const Bench bench(world);
    EXPECT_THAT(read().value().fetch(bench.services(), bench.context()),
                FailsWith(HasSubstr("no AWS region")))
        << region;
  }
}

TEST(AwsSubject, SaysWhatTheMetadataServiceDidNotGive) {
  const Bench bench;
  bench.transport->reply({.body = {"us-east-2b"}});
  bench.transport->reply({.status = 404, .body = {"no role"}});
  EXPECT_THAT(
      read().value().fetch(bench.services(), bench.context()),
      FailsWith(AllOf(HasSubstr("metadata service of EC2"), HasSubstr("asked for the role"))));
}

TEST(AwsSubject, IsAskedForAgainWhereTheMetadataServiceWasNotHeard) {
  const Bench bench;
  bench.transport->handle(
      [](const HttpRequest&) { return ScriptedReply{.error = truncated_error()}; });
  EXPECT_TRUE(read().value().fetch(bench.services(), bench.context()).error().retryable);
}

}  // namespace
}  // namespace ek::test

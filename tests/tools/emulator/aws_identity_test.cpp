// The places where AWS's machines find their keys: EC2 metadata, container agents, STS, IAM
// Identity Center. Each gives keys that SageMaker then believes, and each refuses who has no right
// to them.
#include "emulator_fixture.hpp"

namespace ek::emulator {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string element(const std::string& xml, const std::string& name) {
  const auto begin = xml.find("<" + name + ">");
  const auto end = xml.find("</" + name + ">");
  if (begin == std::string::npos || end == std::string::npos) return {};
  return xml.substr(begin + name.size() + 2, end - begin - name.size() - 2);
}

class AwsIdentityTest : public EmulatorTest {
 protected:
  static AwsProof proof_of(const json& keys) {
    return {.keys = {.access_key_id = keys["AccessKeyId"].get<std::string>(),
                     .secret_access_key = Secret(keys["SecretAccessKey"].get<std::string>()),
                     .session_token = Secret(keys["Token"].get<std::string>())}};
  }
  void expect_believed(AwsProof proof) const {
    EXPECT_EQ(invoke(proof, "/endpoints/chat/invocations", hello).status, 200);
    proof.keys.session_token = Secret("other");
    EXPECT_EQ(invoke(proof, "/endpoints/chat/invocations", hello).status, 403);
  }
};

using InstanceMetadata = AwsIdentityTest;

const std::string roles = "/latest/meta-data/iam/security-credentials/";

TEST_F(InstanceMetadata, GivesKeysForASessionToken) {
  const Got token =
      send("PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}}, "");
  EXPECT_EQ(token.status, 200);
  EXPECT_EQ(token.header("X-Aws-Ec2-Metadata-Token-Ttl-Seconds"), "60");
  const httplib::Headers headers = {{"X-aws-ec2-metadata-token", token.body}};
  EXPECT_EQ(send("GET", roles, headers, "").body, "emulated-role");
  const Got keys = send("GET", roles + "emulated-role", headers, "");
  EXPECT_EQ(keys.parsed()["Code"], "Success");
  expect_believed(proof_of(keys.parsed()));
  EXPECT_EQ(send("GET", "/latest/meta-data/placement/region", headers, "").body, "us-east-1");
  clock_.advance(60s);
  EXPECT_EQ(send("GET", roles, headers, "").status, 401);
}

TEST_F(InstanceMetadata, RefusesVersionOneProxiesAndBadLifetimes) {
  EXPECT_EQ(send("GET", roles, {}, "").status, 401);
  const std::string ttl = "X-aws-ec2-metadata-token-ttl-seconds";
  EXPECT_EQ(send("PUT", "/latest/api/token", {}, "").status, 400);
  EXPECT_EQ(send("PUT", "/latest/api/token", {{ttl, "21601"}}, "").status, 400);
  EXPECT_EQ(
      send("PUT", "/latest/api/token", {{ttl, "60"}, {"X-Forwarded-For", "1.2.3.4"}}, "").status,
      403);
}

TEST_F(InstanceMetadata, EndsTheKeysInTheirTime) {
  const Got token =
      send("PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}}, "");
  const AwsProof proof =
      proof_of(send("GET", roles + "emulated-role", {{"X-aws-ec2-metadata-token", token.body}}, "")
                   .parsed());
  clock_.advance(6h);
  const Got got = invoke(proof, "/endpoints/chat/invocations", hello);
  EXPECT_EQ(got.status, 403);
  EXPECT_THAT(got.header("x-amzn-ErrorType"), HasSubstr("ExpiredTokenException"));
}

TEST_F(AwsIdentityTest, ContainerAgentWantsItsToken) {
  start_at("ecs");
  EXPECT_EQ(variable("AWS_ACCESS_KEY_ID"), "");
  EXPECT_EQ(variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            emulator_->base_url() + "/v1/credentials");
  const std::string token = read(variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"));
  const Got keys = send("GET", "/v1/credentials", {{"Authorization", token}}, "");
  EXPECT_EQ(keys.status, 200);
  expect_believed(proof_of(keys.parsed()));
  EXPECT_EQ(send("GET", "/v1/credentials", {}, "").status, 401);
  EXPECT_EQ(send("GET", "/v1/credentials", {{"Authorization", "x"}}, "").status, 403);
}

TEST_F(AwsIdentityTest, EcsKnowsItsContainerByThePath) {
  start_at("ecs-relative");
  EXPECT_EQ(variable("AWS_ACCESS_KEY_ID"), "");
  const std::string path = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  EXPECT_THAT(path, testing::StartsWith("/v2/credentials/"));
  const Got keys = send("GET", path, {}, "");
  EXPECT_EQ(keys.status, 200);
  expect_believed(proof_of(keys.parsed()));
  EXPECT_EQ(send("GET", "/v2/credentials/other", {}, "").status, 404);
}

class Sts : public AwsIdentityTest {
 protected:
  Got ask(const std::map<std::string, std::string>& more, const AwsProof* proof) const {
    std::map<std::string, std::string> fields = more;
    fields.emplace("Version", "2011-06-15");
    const std::string body = encode_form(fields);
    const std::string type = "application/x-www-form-urlencoded";
    if (proof == nullptr) return send("POST", "/", {{"Content-Type", type}}, body);
    return send("POST", "/", aws_headers(*proof, "/", body, type), body);
  }
  AwsProof proof() const {
    AwsProof signing = aws_proof();
    signing.service = "sts";
    return signing;
  }
  static AwsProof proof_of(const std::string& xml) {
    return {.keys = {.access_key_id = element(xml, "AccessKeyId"),
                     .secret_access_key = Secret(element(xml, "SecretAccessKey")),
                     .session_token = Secret(element(xml, "SessionToken"))}};
  }
  static std::map<std::string, std::string> role() {
    return {{"Action", "AssumeRole"},
            {"RoleArn", "arn:aws:iam::123456789012:role/emulated-role"},
            {"RoleSessionName", "me"}};
  }
};

TEST_F(Sts, TellsTheCallerWhoItIs) {
  const AwsProof signing = proof();
  const Got got = ask({{"Action", "GetCallerIdentity"}}, &signing);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(element(got.body, "Arn"), "arn:aws:iam::123456789012:user/emulator");
}

TEST_F(Sts, RefusesSignaturesInItsOwnWords) {
  AwsProof wrong = proof();
  wrong.keys.secret_access_key = Secret("wrong");
  EXPECT_EQ(element(ask({{"Action", "GetCallerIdentity"}}, &wrong).body, "Code"),
            "SignatureDoesNotMatch");
  wrong = proof();
  wrong.keys.access_key_id = "AKIAUNKNOWN";
  EXPECT_EQ(element(ask({{"Action", "GetCallerIdentity"}}, &wrong).body, "Code"),
            "InvalidClientTokenId");
  wrong = aws_proof();  // for another service
  EXPECT_EQ(ask({{"Action", "GetCallerIdentity"}}, &wrong).status, 403);
  EXPECT_EQ(element(ask({{"Action", "GetCallerIdentity"}}, nullptr).body, "Code"),
            "MissingAuthenticationToken");
}

TEST_F(Sts, GivesTheKeysOfARole) {
  const AwsProof signing = proof();
  const Got got = ask(role(), &signing);
  ASSERT_EQ(got.status, 200) << got.body;
  AwsProof assumed = proof_of(got.body);
  expect_believed(assumed);
  assumed.service = "sts";
  EXPECT_EQ(element(ask({{"Action", "GetCallerIdentity"}}, &assumed).body, "Arn"),
            "arn:aws:sts::123456789012:assumed-role/emulated-role/me");
}

TEST_F(Sts, RefusesOtherRolesNamesAndDurations) {
  const AwsProof signing = proof();
  auto other = role();
  other["RoleArn"] = "arn:aws:iam::1:role/other";
  EXPECT_EQ(element(ask(other, &signing).body, "Code"), "AccessDenied");
  other = role();
  other["RoleSessionName"] = "a b";
  EXPECT_EQ(element(ask(other, &signing).body, "Code"), "ValidationError");
  other = role();
  other["DurationSeconds"] = "60";
  EXPECT_EQ(element(ask(other, &signing).body, "Code"), "ValidationError");
}

TEST_F(Sts, TakesTheTokenOfAWorkload) {
  start_at("irsa");
  auto fields = role();
  fields["Action"] = "AssumeRoleWithWebIdentity";
  fields["WebIdentityToken"] = read(variable("AWS_WEB_IDENTITY_TOKEN_FILE"));
  const Got got = ask(fields, nullptr);
  ASSERT_EQ(got.status, 200) << got.body;
  expect_believed(proof_of(got.body));
  fields["WebIdentityToken"].back() = fields["WebIdentityToken"].back() == 'A' ? 'Q' : 'A';
  EXPECT_EQ(element(ask(fields, nullptr).body, "Code"), "InvalidIdentityToken");
  fields["WebIdentityToken"] = read(variable("AWS_WEB_IDENTITY_TOKEN_FILE"));
  clock_.advance(24h);
  EXPECT_EQ(element(ask(fields, nullptr).body, "Code"), "ExpiredTokenException");
}

class Sso : public AwsIdentityTest {
 protected:
  Got role_keys(const std::string& token, const std::string& role = "emulated-role") const {
    return send("GET", "/federation/credentials?account_id=123456789012&role_name=" + role,
                {{"x-amz-sso_bearer_token", token}}, "");
  }
};

TEST_F(Sso, GivesTheKeysOfARoleToWhomIsSignedIn) {
  start_at("sso");
  const json cached = json::parse(
      read(variable("HOME") + "/.aws/sso/cache/b6886d8d615c11b80805b0bea6cd9c449aa8a0b6.json"));
  const std::string token = cached["accessToken"].get<std::string>();
  const json keys = role_keys(token).parsed()["roleCredentials"];
  AwsProof proof;
  proof.keys = {.access_key_id = keys["accessKeyId"].get<std::string>(),
                .secret_access_key = Secret(keys["secretAccessKey"].get<std::string>()),
                .session_token = Secret(keys["sessionToken"].get<std::string>())};
  expect_believed(proof);
  EXPECT_EQ(role_keys(token, "other").status, 403);
  EXPECT_EQ(role_keys("other").status, 401);
  clock_.advance(1h);
  EXPECT_EQ(role_keys(token).status, 401);

  json renewal = {{"grantType", "refresh_token"},
                  {"clientId", cached["clientId"]},
                  {"clientSecret", cached["clientSecret"]},
                  {"refreshToken", cached["refreshToken"]}};
  const json renewed = post("/token", {}, renewal.dump()).parsed();
  EXPECT_EQ(role_keys(renewed["accessToken"].get<std::string>()).status, 200);
  renewal["refreshToken"] = "other";
  EXPECT_EQ(post("/token", {}, renewal.dump()).parsed()["error"], "invalid_grant");
  renewal["clientSecret"] = "other";
  EXPECT_EQ(post("/token", {}, renewal.dump()).parsed()["error"], "invalid_client");
}

}  // namespace
}  // namespace ek::emulator

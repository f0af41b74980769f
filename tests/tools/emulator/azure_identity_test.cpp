// Entra's client assertions and the hosts of managed identities.
#include "base/base64.hpp"
#include "emulator_fixture.hpp"
#include "signing/crypto/certificate.hpp"
#include "signing/crypto/sha1.hpp"
#include "signing/crypto/sha256.hpp"
#include "support/test_data.hpp"
#include "support/test_path.hpp"

namespace ek::emulator {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class AzureIdentityTest : public EmulatorTest {
 protected:
  Got score(const std::string& token) const { return post("/score", bearer(token), "{}"); }
  Got assert_client(const std::string& assertion) const {
    auto form = entra_form();
    form.erase("client_secret");
    form["client_assertion"] = assertion;
    form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    return entra(form);
  }
  static std::string token_in(const Got& got) {
    return got.parsed()["access_token"].get<std::string>();
  }
  static std::string code_in(const Got& got) {
    return got.parsed()["error_codes"].is_array() ? got.parsed()["error_codes"][0].dump() : "";
  }
};

class CertificateAssertion : public AzureIdentityTest {
 protected:
  void SetUp() override {
    const std::string keys = test::test_data() + "/keys/";
    const std::string pem = read(keys + "rsa_pkcs8.pem") + read(keys + "client_certificates.pem");
    const std::string path = test::test_path("certificate.pem");
    ASSERT_THAT(write_private_file(path, pem), test::IsOk());
    certificate_ = parse_client_certificate(pem, Secret()).value();
    start_at("certificate", {.entra_certificate = path});
    EXPECT_EQ(variable("AZURE_CLIENT_CERTIFICATE_PATH"), path);
    EXPECT_EQ(variable("AZURE_CLIENT_SECRET"), "");
    Sha256 sha;
    header_ = {{"alg", "PS256"},
               {"typ", "JWT"},
               {"x5t#S256", base64url_encode(view(sha.hash(certificate_->chain[0])))}};
    const auto now = std::chrono::system_clock::to_time_t(clock_.now());
    claims_ = {
        {"iss", variable("AZURE_CLIENT_ID")},
        {"sub", variable("AZURE_CLIENT_ID")},
        {"aud", emulator_->base_url() + "/" + variable("AZURE_TENANT_ID") + "/oauth2/v2.0/token"},
        {"jti", "1"},
        {"nbf", now},
        {"exp", now + 600}};
  }
  [[nodiscard]] std::string sign(const json& claims, JwsAlgorithm algorithm) const {
    return sign_jws(header_.dump(), claims.dump(), certificate_->key, algorithm).value();
  }
  [[nodiscard]] std::string code_for(const std::string& name, const json& value) const {
    json claims = claims_;
    claims["jti"] = "of " + name;
    claims[name] = value;
    return code_in(assert_client(sign(claims, JwsAlgorithm::ps256)));
  }
  std::optional<ClientCertificate> certificate_;
  json header_, claims_;
};

TEST_F(CertificateAssertion, IsBelievedOnce) {
  const std::string assertion = sign(claims_, JwsAlgorithm::ps256);
  const Got got = assert_client(assertion);
  ASSERT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(score(token_in(got)).status, 200);
  EXPECT_EQ(code_in(assert_client(assertion)), "700025");
}

TEST_F(CertificateAssertion, MayNameTheCertificateTheOldWay) {
  header_ = {{"alg", "RS256"}, {"x5t", base64url_encode(sha1(certificate_->chain[0]))}};
  EXPECT_EQ(assert_client(sign(claims_, JwsAlgorithm::rs256)).status, 200);
}

TEST_F(CertificateAssertion, RefusesWhatItsSignatureOrClaimsDoNotProve) {
  EXPECT_EQ(code_for("iss", "other"), "700021");
  EXPECT_EQ(code_for("aud", "https://other.example"), "700023");
  EXPECT_EQ(code_for("exp", 1), "700024");
  EXPECT_EQ(code_for("jti", ""), "700025");
  EXPECT_EQ(code_in(assert_client("no jwt")), "50027");
  // Signed by RS256 and called PS256.
  EXPECT_EQ(code_in(assert_client(sign(claims_, JwsAlgorithm::rs256))), "700027");
  header_["x5t#S256"] = "AAAA";
  EXPECT_EQ(code_in(assert_client(sign(claims_, JwsAlgorithm::ps256))), "700027");
}

TEST_F(AzureIdentityTest, FederatedTokensOfTheWorkloadAreBelieved) {
  start_at("workload");
  const std::string assertion = read(variable("AZURE_FEDERATED_TOKEN_FILE"));
  const Got got = assert_client(assertion);
  ASSERT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(score(token_in(got)).status, 200);
  EXPECT_EQ(assert_client(assertion).status, 200);  // the file is used until it changes
  clock_.advance(24h);
  EXPECT_EQ(code_in(assert_client(assertion)), "700024");
}

TEST_F(AzureIdentityTest, TokensForAnotherAudienceAreNotFederated) {
  start_at("irsa");
  const std::string for_aws = read(variable("AWS_WEB_IDENTITY_TOKEN_FILE"));
  EXPECT_EQ(code_in(assert_client(for_aws)), "700213");
}

TEST_F(AzureIdentityTest, TokensSayWhoseTheyAre) {
  const auto jwt = parse_jwt(azure_token());
  ASSERT_THAT(jwt, test::IsOk());
  const json claims = json::parse(jwt->claims_json);
  EXPECT_EQ(claims["aud"], "https://ml.azure.com");
  EXPECT_EQ(claims["appid"], variable("AZURE_CLIENT_ID"));
}

const std::string resource = "resource=https%3A%2F%2Fml.azure.com";

TEST_F(AzureIdentityTest, VirtualMachineGivesATokenToWhomAsksFromInside) {
  start_at("managed");
  EXPECT_EQ(variable("AZURE_POD_IDENTITY_AUTHORITY_HOST"), emulator_->base_url());
  const std::string path = "/metadata/identity/oauth2/token?api-version=2018-02-01&" + resource;
  const httplib::Headers inside = {{"Metadata", "true"}};
  const Got got = send("GET", path, inside, "");
  ASSERT_EQ(got.status, 200) << got.body;
  EXPECT_TRUE(got.parsed()["expires_on"].is_string());
  EXPECT_EQ(score(token_in(got)).status, 200);
  EXPECT_EQ(send("GET", path, {}, "").status, 400);
  EXPECT_EQ(send("GET", path + "&client_id=other", inside, "").status, 400);
  EXPECT_EQ(
      send("GET", "/metadata/identity/oauth2/token?api-version=2018-02-01", inside, "").status,
      400);
  EXPECT_EQ(
      send("GET", "/metadata/identity/oauth2/token?api-version=2017-01-01&" + resource, inside, "")
          .status,
      400);
  EXPECT_THAT(
      send("GET", "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://x.y",
           inside, "")
          .body,
      HasSubstr("AADSTS500011"));
}

TEST_F(AzureIdentityTest, AppServiceWantsItsHeader) {
  start_at("app-service");
  const std::string path = "/msi/token?api-version=2019-08-01&" + resource;
  const Got got = send("GET", path, {{"X-IDENTITY-HEADER", variable("IDENTITY_HEADER")}}, "");
  ASSERT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(score(token_in(got)).status, 200);
  EXPECT_EQ(send("GET", path, {}, "").status, 401);
  EXPECT_EQ(send("GET", path, {{"X-IDENTITY-HEADER", "other"}}, "").status, 401);
}

TEST_F(AzureIdentityTest, ArcWantsTheKeyOfItsChallenge) {
  start_at("arc");
  const std::string path = "/arc/metadata/identity/oauth2/token?api-version=2020-06-01&" + resource;
  const Got challenge = send("GET", path, {{"Metadata", "true"}}, "");
  EXPECT_EQ(challenge.status, 401);
  EXPECT_EQ(challenge.header("WWW-Authenticate"),
            "Basic realm=/var/opt/azcmagent/tokens/emulator.key");
  const std::string key = "Basic " + emulator_->arc_key().reveal();
  const Got got = send("GET", path, {{"Metadata", "true"}, {"Authorization", key}}, "");
  ASSERT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(score(token_in(got)).status, 200);
  EXPECT_EQ(send("GET", path, {{"Metadata", "true"}, {"Authorization", "Basic x"}}, "").status,
            401);
}

}  // namespace
}  // namespace ek::emulator

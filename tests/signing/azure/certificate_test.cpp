#include "signing/azure/certificate.hpp"

#include <nlohmann/json.hpp>

#include "signing/azure/azure_fixture.hpp"
#include "signing/jwt.hpp"

namespace ek::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string pem() {
  return data_file("keys/client_certificates.pem") + data_file("keys/rsa_pkcs8.pem");
}
AzureCertificate application() {
  return {.tenant_id = "tenant-1", .client_id = "client-1", .certificate = Secret(pem())};
}
RsaPublicKey public_key() { return RsaPublicKey::parse(data_file("keys/rsa_public.pem")).value(); }

// The assertion that was sent for a token.
Jwt assertion(const AzureCertificate& who, Bench& bench) {
  bench.transport->reply(token_reply());
  EXPECT_THAT(sign(bench, *make_certificate_identity(check_certificate(who).value())), IsOk());
  return parse_jwt(value_of(form_of(bench.transport->requests().back()), "client_assertion"))
      .value();
}

TEST(AzureCertificate, SignsWithPs256AndNamesTheCertificateBySha256) {
  Bench bench;
  const Jwt jwt = assertion(application(), bench);
  EXPECT_EQ(json::parse(jwt.header_json),
            json({{"alg", "PS256"},
                  {"typ", "JWT"},
                  {"x5t#S256", "Yib7P-JSZfTD-nITNUecZngqzNHteiL-jWVdQEtDcXU"}}));
  EXPECT_TRUE(public_key().verify_ps256(jwt.signing_input, jwt.signature));
  EXPECT_EQ(json::parse(jwt.claims_json),
            json({{"aud", "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token"},
                  {"iss", "client-1"},
                  {"sub", "client-1"},
                  {"jti", "80000000-8000-4000-8000-000080000000"},
                  {"nbf", 1795608000},
                  {"exp", 1795608600}}));
  const HttpRequest request = bench.transport->requests()[0];
  Pairs form = form_of(request);
  EXPECT_EQ(value_of(form, "client_assertion_type"),
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  EXPECT_EQ(value_of(form, "client_secret"), "");
  EXPECT_EQ(value_of(form, "scope"), "https://ml.azure.com/.default");
}

TEST(AzureCertificate, SignsWithRs256WhereThatIsWantedAndForAdfs) {
  AzureCertificate older = application();
  older.rs256 = true;
  older.send_chain = true;
  AzureCertificate adfs = application();
  adfs.tenant_id = "adfs";
  Bench bench;
  const Jwt with_chain = assertion(older, bench);
  const json header = json::parse(with_chain.header_json);
  EXPECT_EQ(header["x5t"], "jID_zzpFJvsMX2oezCxdHzIlOFg");
  EXPECT_EQ(header["x5c"].size(), 2u);
  EXPECT_THAT(header["x5c"][0].get<std::string>(), testing::StartsWith("MII"));
  EXPECT_TRUE(public_key().verify_rs256(with_chain.signing_input, with_chain.signature));
  EXPECT_EQ(assertion(adfs, bench).algorithm, "RS256");
  EXPECT_EQ(bench.transport->requests()[1].url,
            "https://login.microsoftonline.com/adfs/oauth2/token");
}

TEST(AzureCertificate, ReadsItsFileForEachToken) {
  AzureCertificate who = application();
  who.certificate = Secret();
  who.certificate_path = "/cert.pem";
  Bench bench(World{.files = {{"/cert.pem", "no certificate"}}});
  const auto identity = make_certificate_identity(check_certificate(who).value());
  EXPECT_THAT(sign(bench, *identity), FailsWith(HasSubstr("no private key")));
  ASSERT_THAT(bench.environment->write_file("/cert.pem", pem()), IsOk());
  bench.transport->reply(token_reply());
  EXPECT_THAT(sign(bench, *identity), IsOk());
}

TEST(AzureCertificate, GoesToTheCloudThatTheEndpointIsIn) {
  Bench bench;
  SigningScope government = azure_scope();
  government.entra_scope = "https://ml.azure.us/.default";
  bench.transport->reply(token_reply());
  EXPECT_THAT(sign(bench, *make_certificate_identity(application()), government), IsOk());
  EXPECT_EQ(bench.transport->requests()[0].url,
            "https://login.microsoftonline.us/tenant-1/oauth2/v2.0/token");
}

TEST(AzureCertificate, IsCheckedWhenItIsGiven) {
  AzureCertificate none = application(), broken = application(), tenant = application();
  none.certificate = Secret();
  broken.certificate = Secret("PLANTED");
  tenant.tenant_id = "common";
  EXPECT_THAT(check_certificate(none), HasCode(ErrorCode::invalid_request));
  EXPECT_THAT(check_certificate(broken), HasCode(ErrorCode::authentication));
  EXPECT_THAT(check_certificate(tenant), HasCode(ErrorCode::invalid_request));
}

}  // namespace
}  // namespace ek::test

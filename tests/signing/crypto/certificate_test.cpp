#include "signing/crypto/certificate.hpp"

#include "base/text.hpp"
#include "signing/crypto/sha1.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* thumbprint = "8c80ffcf3a4526fb0c5f6a1ecc2c5d1f32253858";  // by openssl x509

std::string pem() {
  return data_file("keys/client_certificates.pem") + data_file("keys/rsa_pkcs8.pem");
}

TEST(ClientCertificate, IsReadFromPemAndPfxWithTheKeysOwnFirst) {
  struct Case {
    std::string bytes, password;
    std::size_t certificates;
  };
  const Case cases[] = {
      {pem(), "", 2},
      {data_file("keys/rsa_pkcs8.pem") + data_file("keys/client_certificates.pem"), "", 2},
      {data_file("keys/rsa_pkcs1.pem") + data_file("keys/client_certificates.pem"), "", 2},
      {data_file("keys/rsa_encrypted.pem") + data_file("keys/client_certificates.pem"), "secret",
       2},
      {data_file("keys/client_certificates.pem") + data_file("keys/rsa_encrypted_pkcs1.pem"),
       "secret", 2},
      {data_file("keys/client.pfx"), "secret", 2},
      {data_file("keys/client_open.pfx"), "", 1}};
  for (const Case& test : cases) {
    const auto read = parse_client_certificate(test.bytes, Secret(test.password));
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(read->chain.size(), test.certificates);
    EXPECT_EQ(to_hex(sha1(read->chain.at(0))), thumbprint);
    EXPECT_EQ(read->key.public_key().pem(), data_file("keys/rsa_public.pem"));
  }
}

TEST(ClientCertificate, NeverAsksATerminalForThePasswordOfACertificate) {
  std::string chain = data_file("keys/client_certificates.pem");
  const std::string begin = "-----BEGIN CERTIFICATE-----\n";
  chain.insert(
      chain.find(begin) + begin.size(),
      "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n");
  EXPECT_FALSE(parse_client_certificate(data_file("keys/rsa_pkcs8.pem") + chain, Secret()));
}

TEST(ClientCertificate, SaysWhatIsMissingOrWrongAndShowsNothingOfIt) {
  const std::string key = data_file("keys/rsa_pkcs8.pem");
  const std::string chain = data_file("keys/client_certificates.pem");
  const std::string pfx = data_file("keys/client.pfx");
  std::string broken = chain;
  broken.replace(broken.rfind("-----END") - 40, 20, "!!!!!!!!!!!!!!!!!!!!");
  struct Case {
    std::string bytes, password, why;
  };
  const Case cases[] = {
      {"", "", "empty"},
      {chain, "", "no private key"},
      {key, "", "no certificate"},
      {key + data_file("keys/other_certificate.pem"), "", "belongs to none"},
      {key + broken, "", "damaged"},
      {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" + chain, "", "damaged"},
      {data_file("keys/rsa_1024.pem") + chain, "", "1024 bits"},
      {data_file("keys/ec_pkcs8.pem") + chain, "", "not an RSA key"},
      {data_file("keys/rsa_encrypted.pem") + chain, "", "give the password"},
      {data_file("keys/rsa_encrypted.pem") + chain, "PLANTED", "does not open"},
      {pfx, "PLANTED", "does not open this PFX"},
      {pfx, "", "does not open this PFX"},
      {data_file("keys/client_without_key.pfx"), "secret", "no private key"},
      {pfx.substr(0, pfx.size() / 2), "secret", "neither"},
      {"PLANTED text", "", "no private key"},
      {std::string(2 << 20, '0'), "", "mebibyte"}};
  for (const Case& test : cases) {
    const auto read = parse_client_certificate(test.bytes, Secret(test.password));
    EXPECT_THAT(read, HasCode(ErrorCode::authentication)) << test.why;
    EXPECT_THAT(read, HasPhase(Phase::credentials));
    EXPECT_THAT(read, FailsWith(HasSubstr(test.why)));
    EXPECT_THAT(read, FailsWith(Not(HasSubstr("PLANTED"))));
    EXPECT_THAT(read, FailsWith(Not(HasSubstr(key.substr(60, 20)))));
  }
}

}  // namespace
}  // namespace ek::test

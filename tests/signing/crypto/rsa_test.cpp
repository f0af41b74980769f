#include "signing/crypto/rsa.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string bare_base64(const std::string& pem) {
  std::string text = pem.substr(pem.find('\n') + 1);
  text = text.substr(0, text.find("-----END"));
  return replaced(text, "\n", "");
}

TEST(RsaPrivateKey, ReadsTheSameKeyFromAllThatShellsAndVariablesMakeOfIt) {
  const std::string pem = data_file("keys/rsa_pkcs8.pem");
  const std::string forms[] = {pem,
                               data_file("keys/rsa_pkcs1.pem"),
                               replaced(pem, "\n", "\r\n"),
                               replaced(pem, "\n", "\\n"),
                               replaced(pem, "\n", "\\r\\n"),
                               replaced(pem, "\n", " "),
                               '"' + replaced(pem, "\n", "\\n") + '"',
                               "  '" + pem + "'\n\n",
                               pem.substr(0, pem.size() - 1),
                               "some words before\n" + pem,
                               bare_base64(pem)};
  const std::string public_pem = data_file("keys/rsa_public.pem");
  for (const std::string& form : forms) {
    const auto key = RsaPrivateKey::parse(form);
    ASSERT_THAT(key, IsOk()) << form;
    EXPECT_EQ(key->public_key().pem(), public_pem);
  }
}

TEST(RsaPrivateKey, SaysWhatItIsInsteadAndShowsNothingOfIt) {
  const std::string pem = data_file("keys/rsa_pkcs8.pem");
  struct Case {
    std::string pem, why;
  };
  const Case cases[] = {
      {"", "empty"},
      {data_file("keys/rsa_encrypted.pem"), "encrypted"},
      {data_file("keys/rsa_encrypted_pkcs1.pem"), "encrypted"},
      {data_file("keys/ec_pkcs8.pem"), "not an RSA key"},
      {data_file("keys/ec_sec1.pem"), "an EC key"},
      {data_file("keys/rsa_1024.pem"), "1024 bits"},
      {data_file("keys/rsa_public.pem"), "only a public key"},
      {"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", "OpenSSH"},
      {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "certificate"},
      {"-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----", "not base64"},
      {"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", "not base64"},
      {"-----BEGIN PRIVATE KEY", "broken off"},
      {pem.substr(0, pem.size() / 2), "damaged"}};
  for (const Case& test : cases) {
    const auto key = RsaPrivateKey::parse(test.pem);
    EXPECT_THAT(key, HasCode(ErrorCode::authentication)) << test.why;
    EXPECT_THAT(key, FailsWith(HasSubstr(test.why)));
    EXPECT_THAT(key, FailsWith(Not(HasSubstr(pem.substr(40, 20)))));
  }
}

TEST(RsaPrivateKey, SignsWhatItsPublicHalfVerifies) {
  const auto key = RsaPrivateKey::parse(data_file("keys/rsa_pkcs8.pem"));
  ASSERT_THAT(key, IsOk());
  const auto signature = key->sign_rs256("message");
  ASSERT_THAT(signature, IsOk());
  const auto half = RsaPublicKey::parse(key->public_key().pem());
  ASSERT_THAT(half, IsOk());
  EXPECT_TRUE(half->verify_rs256("message", *signature));
  EXPECT_FALSE(half->verify_rs256("massage", *signature));
  EXPECT_FALSE(half->verify_rs256("message", signature->substr(1)));
  EXPECT_FALSE(half->verify_rs256("message", ""));
}

TEST(RsaPrivateKey, SignsWithASaltWhereThatIsAskedFor) {
  const auto key = RsaPrivateKey::parse(data_file("keys/rsa_pkcs8.pem"));
  ASSERT_THAT(key, IsOk());
  const auto one = key->sign_ps256("message"), other = key->sign_ps256("message");
  ASSERT_THAT(one, IsOk());
  EXPECT_NE(*one, other.value());
  const RsaPublicKey half = key->public_key();
  EXPECT_TRUE(half.verify_ps256("message", *one));
  EXPECT_FALSE(half.verify_ps256("massage", *one));
  EXPECT_FALSE(half.verify_rs256("message", *one));
  EXPECT_FALSE(half.verify_ps256("message", key->sign_rs256("message").value()));
}

TEST(RsaPrivateKey, IsGeneratedWrittenAndReadBack) {
  const auto key = RsaPrivateKey::generate();
  ASSERT_THAT(key, IsOk());
  EXPECT_THAT(key->pem().reveal(), testing::StartsWith("-----BEGIN PRIVATE KEY-----\n"));
  const auto again = RsaPrivateKey::parse(key->pem().reveal());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->public_key().pem(), key->public_key().pem());
  EXPECT_THAT(RsaPrivateKey::generate(1024), HasCode(ErrorCode::authentication));
}

TEST(RsaPublicKey, RefusesWhatIsNone) {
  EXPECT_THAT(RsaPublicKey::parse(""), HasCode(ErrorCode::authentication));
  EXPECT_THAT(RsaPublicKey::parse(data_file("keys/rsa_pkcs8.pem")),
              HasCode(ErrorCode::authentication));
}

}  // namespace
}  // namespace ek::test

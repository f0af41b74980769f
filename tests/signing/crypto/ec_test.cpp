#include "signing/crypto/ec.hpp"

#include "base/text.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// RFC 6979 §A.2.5: the key of the curve P-256.
const std::string scalar_hex = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
const std::string x_hex = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
const std::string y_hex = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

Digest digest_of(const std::string& hex) {
  const std::string bytes = from_hex(hex).value();
  Digest out{};
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

TEST(EcPrivateKey, HasThePublicPointOfTheStandard) {
  const auto key = EcPrivateKey::from_scalar(digest_of(scalar_hex));
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(to_hex(key->public_key().x()), x_hex);
  EXPECT_EQ(to_hex(key->public_key().y()), y_hex);
}

TEST(EcPrivateKey, SignsWhatItsPublicKeyVerifies) {
  const auto key = EcPrivateKey::from_scalar(digest_of(scalar_hex)).value();
  const auto other = EcPublicKey::from_point(from_hex(x_hex).value(), from_hex(y_hex).value());
  ASSERT_THAT(other, IsOk());
  const std::string signature = key.sign("sample").value();
  EXPECT_TRUE(other->verify("sample", signature));
  EXPECT_FALSE(other->verify("samplf", signature));
  EXPECT_FALSE(other->verify("sample", signature.substr(1)));
  EXPECT_EQ(key.sign_es256("sample").value().size(), 64U);
}

TEST(EcPublicKey, VerifiesTheSignatureOfTheStandard) {
  const auto key =
      EcPublicKey::from_point(from_hex(x_hex).value(), from_hex(y_hex).value()).value();
  // r and s of "sample" with SHA-256, in DER.
  const std::string der =
      from_hex(
          "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
          "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8")
          .value();
  EXPECT_TRUE(key.verify("sample", der));
}

TEST(EcPrivateKey, RefusesNumbersOutOfRange) {
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"}) {
    EXPECT_THAT(EcPrivateKey::from_scalar(digest_of(hex)), HasCode(ErrorCode::authentication));
  }
}

TEST(EcPrivateKey, ReadsOnlyKeysOfItsCurve) {
  EXPECT_THAT(EcPrivateKey::parse("-----BEGIN EC PRIVATE KEY-----\nPLANTED\n"),
              FailsWith(Not(HasSubstr("PLANTED"))));
  EXPECT_THAT(EcPrivateKey::parse(data_file("keys/rsa_pkcs8.pem")),
              FailsWith(HasSubstr("another kind")));
  const auto key = EcPrivateKey::parse(data_file("keys/ec_sec1.pem"));
  ASSERT_THAT(key, IsOk());
  EXPECT_TRUE(key->public_key().verify("m", key->sign("m").value()));
}

TEST(EcPublicKey, RefusesWhatIsNoPoint) {
  EXPECT_THAT(EcPublicKey::from_point(std::string(32, '\1'), std::string(32, '\2')),
              HasCode(ErrorCode::authentication));
  EXPECT_THAT(EcPublicKey::from_point("x", "y"), HasCode(ErrorCode::authentication));
}

}  // namespace
}  // namespace ek::test

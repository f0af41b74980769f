#include "signing/jwt.hpp"

#include "base/base64.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;

RsaPrivateKey test_key() { return RsaPrivateKey::parse(data_file("keys/rsa_pkcs8.pem")).value(); }

TEST(Jwt, IsMadeAndVerifiedWithThePublicHalf) {
  const RsaPrivateKey key = test_key();
  const auto token = make_jwt("kid-1", R"({"iss":"me"})", key);
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->find('='), std::string::npos);
  const auto jwt = verify_jwt(*token, key.public_key());
  ASSERT_THAT(jwt, IsOk());
  EXPECT_EQ(jwt->header_json, R"({"alg":"RS256","kid":"kid-1","typ":"JWT"})");
  EXPECT_EQ(jwt->claims_json, R"({"iss":"me"})");
  EXPECT_EQ(jwt->key_id, "kid-1");
}

TEST(Jwt, LeavesAnEmptyKeyIdOut) {
  const auto jwt = parse_jwt(make_jwt("", "{}", test_key()).value());
  ASSERT_THAT(jwt, IsOk());
  EXPECT_EQ(jwt->header_json, R"({"alg":"RS256","typ":"JWT"})");
}

TEST(Jwt, IsRefusedOnceAByteOfItChanged) {
  const RsaPrivateKey key = test_key();
  const auto jwt = parse_jwt(make_jwt("k", R"({"admin":false})", key).value()).value();
  const std::string forged = base64url_encode(jwt.header_json) + '.' +
                             base64url_encode(R"({"admin":true})") + '.' +
                             base64url_encode(jwt.signature);
  EXPECT_THAT(verify_jwt(forged, key.public_key()), FailsWith(HasSubstr("not made with this key")));
}

TEST(Jwt, DoesNotLetTheTokenChooseItsAlgorithm) {
  const RsaPrivateKey key = test_key();
  for (const char* header : {R"({"alg":"none"})", R"({"alg":"HS256"})", "{}"}) {
    const auto token = sign_jws(header, "{}", key).value();
    EXPECT_THAT(verify_jwt(token, key.public_key()), FailsWith(HasSubstr("not RS256"))) << header;
  }
}

TEST(Jwt, HasThreePartsOfBase64UrlAroundJsonObjects) {
  for (const char* text :
       {"", "a.b", "e30.e30.e30.e30", "!!.e30.e30", "W10.e30.e30", "e30.W10.e30"}) {
    EXPECT_THAT(parse_jwt(text), HasCode(ErrorCode::authentication)) << text;
  }
}

}  // namespace
}  // namespace ek::test

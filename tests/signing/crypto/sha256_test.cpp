#include "signing/crypto/sha256.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/text.hpp"

namespace ek {
namespace {

TEST(Sha256, GivesThePublishedDigestsFromOneReusedObject) {
  // FIPS 180-4 examples.
  Sha256 sha;
  EXPECT_EQ(to_hex(view(sha.hash(""))),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(view(sha.hash("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(view(sha.hash(std::string(1000000, 'a')))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, GivesTheHmacsOfRfc4231) {
  struct Case {
    std::string key, text, mac;
  };
  const Case cases[] = {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"}};
  Sha256 sha;
  for (const Case& test : cases) {
    EXPECT_EQ(to_hex(view(sha.hmac(test.key, test.text))), test.mac) << test.text;
  }
}

}  // namespace
}  // namespace ek

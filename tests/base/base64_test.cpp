#include "base/base64.hpp"

#include <gtest/gtest.h>

namespace ek {
namespace {

TEST(Base64, EncodesTheVectorsOfRfc4648) {
  const std::string_view cases[][2] = {{"", ""},
                                       {"f", "Zg=="},
                                       {"fo", "Zm8="},
                                       {"foo", "Zm9v"},
                                       {"foob", "Zm9vYg=="},
                                       {"fooba", "Zm9vYmE="},
                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64url_encode(bytes), text.substr(0, text.find('=')));
    EXPECT_EQ(base64_decode(text), bytes);
    EXPECT_EQ(base64_decode(text.substr(0, text.find('='))), bytes) << "without padding";
  }
}

TEST(Base64, ReadsBothAlphabetsAndEveryByte) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (std::size_t size = 0; size <= all.size(); ++size) {
    const std::string_view bytes = std::string_view(all).substr(all.size() - size);
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(base64_decode(base64url_encode(bytes)), bytes);
  }
  EXPECT_EQ(base64_encode("\xFB\xFF"), "+/8=");
  EXPECT_EQ(base64url_encode("\xFB\xFF"), "-_8");
}

TEST(Base64, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"A", "AAAAA", "Zm 9v", "Zm9v\n", "Zg=x", "Zm9v====", "Zm9\xC3"}) {
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace ek

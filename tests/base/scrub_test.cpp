#include "base/scrub.hpp"

#include <gtest/gtest.h>

namespace ek {
namespace {

TEST(Scrub, TakesOutASecretHoweverItIsEncoded) {
  std::string text = "sent a+b, that is a%2Bb, and a+b";
  scrub(text, Secret("a+b"));
  EXPECT_EQ(text, "sent ***, that is ***, and ***");
}

TEST(Scrub, LeavesTheTextAloneIfThereIsNoSecret) {
  std::string text = "all of it";
  scrub(text, Secret());
  EXPECT_EQ(text, "all of it");
}

TEST(Scrub, EndsThoughTheSecretIsWhatStandsForIt) {
  for (const std::string secret : {"*", "**", "***"}) {
    std::string text = "a" + secret + "b" + secret;
    scrub(text, Secret(secret));
    EXPECT_EQ(text.find("ab"), std::string::npos) << secret;
  }
  std::string text = "token ***";
  scrub(text, Secret("***"));
  EXPECT_EQ(text, "token ***");
}

}  // namespace
}  // namespace ek

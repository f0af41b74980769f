#include "base/scrub.hpp"

#include <gtest/gtest.h>

namespace ek {
namespace {

TEST(Scrub, TakesOutASecretHoweverItIsEncoded) {
  std::string text = "sent key+one, that is key%2Bone, and key+one";
  scrub(text, Secret("key+one"));
  EXPECT_EQ(text, "sent ***, that is ***, and ***");
}

TEST(Scrub, LeavesTheTextAloneIfThereIsNoSecret) {
  std::string text = "all of it";
  scrub(text, Secret());
  EXPECT_EQ(text, "all of it");
}

TEST(Scrub, LeavesWordsAloneThatHoldAShortSecretByChance) {
  for (const char* secret : {"k", "he", "check"}) {
    std::string text = "check the address";
    scrub(text, Secret(secret));
    EXPECT_EQ(text, "check the address") << secret;
  }
}

TEST(Scrub, EndsThoughTheSecretIsWhatStandsForIt) {
  const std::string stars(6, '*');
  std::string text = "token " + stars;
  scrub(text, Secret(stars));
  EXPECT_EQ(text, "token ***");
  text = stars + stars + stars;
  scrub(text, Secret(stars));
  EXPECT_EQ(text, "*********");
}

}  // namespace
}  // namespace ek

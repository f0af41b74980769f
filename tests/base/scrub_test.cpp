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

}  // namespace
}  // namespace ek

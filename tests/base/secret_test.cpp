#include "endpointkit/secret.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace ek {
namespace {

TEST(Secret, IsNotSeenWhenItIsPrinted) {
  std::ostringstream out;
  out << Secret("hunter2");
  EXPECT_EQ(out.str(), "***");
}

TEST(Secret, IsGoneFromWhereItWasMoved) {
  Secret first(std::string(100, 'x'));
  Secret second(std::move(first));
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): this is what is tested
  EXPECT_EQ(second.reveal(), std::string(100, 'x'));
  Secret third;
  third = std::move(second);
  EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(third.reveal().size(), 100u);
}

TEST(Secret, CopiesAndSurvivesAssignmentToItself) {
  Secret secret("hunter2");
  const Secret copy = secret;
  const Secret& same = secret;
  secret = same;
  EXPECT_EQ(secret, copy);
  EXPECT_EQ(secret.reveal(), "hunter2");
}

TEST(Secret, ComparesByText) {
  EXPECT_EQ(Secret("a"), Secret("a"));
  EXPECT_FALSE(Secret("a") == Secret("b"));
  EXPECT_FALSE(Secret("a") == Secret("ab"));
  EXPECT_EQ(Secret(), Secret(""));
}

}  // namespace
}  // namespace ek

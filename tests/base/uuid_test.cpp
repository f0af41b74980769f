#include "base/uuid.hpp"

#include <gtest/gtest.h>

namespace ek {
namespace {

TEST(Uuid, HasVersionAndVariantAndIsMadeOfTheNumbersGiven) {
  EXPECT_EQ(make_uuid([] { return 0.0; }), "00000000-0000-4000-8000-000000000000");
  EXPECT_EQ(make_uuid([] { return 1 - 0x1p-53; }), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  int calls = 0;
  make_uuid([&] { return ++calls, 0.5; });
  EXPECT_EQ(calls, 4);
}

}  // namespace
}  // namespace ek

#include "signing/json_object.hpp"

#include <gmock/gmock.h>

namespace ek::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(JsonObject, IsNothingElseThanAnObject) {
  for (const char* text : {"", "{", "[]", "\"x\"", "null", "7", "{}x", "{\"a\":\"\xff\"}"}) {
    EXPECT_FALSE(JsonObject::parse(text)) << text;
  }
  EXPECT_TRUE(JsonObject::parse(" {} "));
}

TEST(JsonObject, ReadsMembersOfTheRightTypeOnly) {
  const auto object = JsonObject::parse(
      R"({"t":"x","n":7,"d":"-8","f":1.5,"b":true,"o":{"t":"in"},"l":["a",1,"b"],"z":null})");
  ASSERT_TRUE(object);
  EXPECT_EQ(object->text("t"), "x");
  EXPECT_EQ(object->text("n"), "");
  EXPECT_EQ(object->text("none"), "");
  EXPECT_EQ(object->integer("n"), 7);
  EXPECT_EQ(object->integer("d"), -8);
  for (const char* name : {"t", "f", "b", "z", "none"})
    EXPECT_EQ(object->integer(name), std::nullopt);
  EXPECT_EQ(object->boolean("b"), true);
  EXPECT_EQ(object->boolean("n"), std::nullopt);
  EXPECT_EQ(object->object("o")->text("t"), "in");
  EXPECT_FALSE(object->object("l"));
  EXPECT_THAT(object->texts("l"), ElementsAre("a", "b"));
  EXPECT_THAT(object->texts("t"), IsEmpty());
  EXPECT_THAT(object->text_members(), ElementsAre(Pair("d", "-8"), Pair("t", "x")));
  EXPECT_TRUE(object->has("z"));
  EXPECT_FALSE(object->has("none"));
}

TEST(JsonObject, OutlivesTheOneThatItWasTakenFrom) {
  auto outer = JsonObject::parse(R"({"o":{"t":"in"}})");
  const auto inner = outer->object("o");
  outer.reset();
  EXPECT_EQ(inner->text("t"), "in");
}

}  // namespace
}  // namespace ek::test

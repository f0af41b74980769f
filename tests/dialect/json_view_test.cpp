#include "dialect/json_view.hpp"

#include <gmock/gmock.h>

#include "dialect/json_build.hpp"

namespace ek::dialect {
namespace {

std::vector<JsonView> elements_of(JsonView array) {
  std::vector<JsonView> all;
  for (const JsonView element : array.elements()) all.push_back(element);
  return all;
}

TEST(JsonView, ReadsValuesInPlace) {
  const std::string text =
      " {\"a\" : [1, \"x,]}\\\"\", {\"b\": null}], \"n\": -1.50 ,\"t\":true, \"s\": \"12\"} ";
  const auto view = JsonView::parse(text);
  ASSERT_TRUE(view);
  const auto elements = elements_of((*view)["a"]);
  ASSERT_EQ(elements.size(), 3U);
  EXPECT_EQ(elements[0].integer(), 1);
  EXPECT_EQ(elements[1].string(), "x,]}\"");
  EXPECT_FALSE(elements[2]["b"].has_value());
  EXPECT_TRUE(elements[2]["b"].is(JsonView::Kind::null));
  EXPECT_EQ((*view)["n"].text(), "-1.50");
  EXPECT_EQ((*view)["n"].number(), -1.5);
  EXPECT_EQ((*view)["n"].integer(), std::nullopt);
  EXPECT_TRUE((*view)["t"].is_true());
  EXPECT_EQ((*view)["s"].integer(), 12);
  std::string keys;
  for (const auto& [key, value] : view->members()) keys += key;
  EXPECT_EQ(keys, "ants");
}

TEST(JsonView, GivesNothingForTheWrongKind) {
  const auto view = JsonView::parse(R"({"a":"x"})");
  EXPECT_TRUE((*view)["none"]["deeper"].is(JsonView::Kind::absent));
  EXPECT_TRUE(elements_of((*view)["a"]["b"]).empty());
  EXPECT_EQ((*view)["a"].integer(), std::nullopt);
  EXPECT_EQ((*view)["none"].string(), "");
}

TEST(JsonView, UnwrapsAnArrayOfOne) {
  EXPECT_EQ(JsonView::parse("[ {} ]")->unwrapped().text(), "{}");
  for (const char* text : {"[{},{}]", "[]", "{\"a\":[1]}", "1"}) {
    EXPECT_EQ(JsonView::parse(text)->unwrapped().text(), text);
  }
}

TEST(JsonView, Unescapes) {
  const std::vector<std::pair<const char*, const char*>> table = {
      {R"("\u00e9\n\t\/\\\b\f\r")", "\xC3\xA9\n\t/\\\b\f\r"},
      {R"("\ud83e\udd9d!")", "\xF0\x9F\xA6\x9D!"},
      {R"("\ud83ex")", "\xEF\xBF\xBDx"},
      {R"("\u6771\u0041")",
       "\xE6\x9D\xB1"
       "A"},
      {R"("")", ""}};
  for (const auto& [json, text] : table) {
    const auto view = JsonView::parse(json);
    ASSERT_TRUE(view) << json;
    EXPECT_EQ(view->string(), text) << json;
  }
}

TEST(JsonView, RefusesWhatIsNoJson) {
  for (const char* text :
       {"",        "{",       "[",           "{\"a\":}",   "{\"a\"}",  "{\"a\" 1}", "{,}",
        "[1,]",    "[1 2]",   "{1:2}",       "{\"a\":1,}", "nul",      "truer",     "1 2",
        "01",      "-",       "1.",          ".5",         "1e",       "+1",        "NaN",
        "\"",      "\"\\x\"", "\"\\u12g4\"", "\"\n\"",     "\"\xC3\"", "[}",        "]",
        "{'a':1}", "[1]]",    "\"\\",        "\xEF\xBB"}) {
    EXPECT_FALSE(JsonView::parse(text)) << text;
  }
  for (const char* text :
       {"\xEF\xBB\xBF{}", "0", "-0.5e+10", "[[],{}]", "{\"\":{\"a\":[]}}", " null "}) {
    EXPECT_TRUE(JsonView::parse(text)) << text;
  }
}

TEST(JsonView, StandsDeepNesting) {
  std::string text(20'000, '[');
  text += std::string(20'000, ']');
  const auto view = JsonView::parse(text);
  ASSERT_TRUE(view);
  EXPECT_EQ(elements_of(*view).size(), 1U);
  EXPECT_EQ(view->unwrapped().text().size(), text.size() - 2);
}

TEST(Quote, EscapesAndRepairs) {
  EXPECT_EQ(quote("a\"\\\n\x01"), R"("a\"\\\n\u0001")");
  EXPECT_EQ(quote("\xF0\x9F\xA6\x9D"), "\"\xF0\x9F\xA6\x9D\"");
  EXPECT_EQ(quote("a\xC3"), "\"a\xEF\xBF\xBD\"");
  EXPECT_EQ(quote("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(NumberText, IsTheShortest) {
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(1e300), "1e+300");
  EXPECT_EQ(number_text(2), "2");
}

TEST(Compact, LeavesStringsAlone) {
  EXPECT_EQ(compact("{ \"a b\" :\n [ 1 , \"x \\\" y\" ] }"), R"({"a b":[1,"x \" y"]})");
}

TEST(ObjectText, ReplacesWhatIsSetAgainWhereItStood) {
  ObjectText object;
  EXPECT_EQ(object.text(), "{}");
  object.set_integer("a", 1).set_string("b", "\"").set_bool("c", true);
  object.set("a", "[1,2,3]").set_string("b", "").set("c", "0").set("a", "7");
  EXPECT_EQ(object.text(), R"({"a":7,"b":"","c":0})");
  object.set("d", "null");
  EXPECT_EQ(std::move(object).text(), R"({"a":7,"b":"","c":0,"d":null})");
}

TEST(ArrayText, PutsCommasBetweenItsElements) {
  ArrayText array;
  EXPECT_TRUE(array.empty());
  EXPECT_EQ(array.text(), "[]");
  EXPECT_EQ(array.add("1").add_string("x").text(), R"([1,"x"])");
  EXPECT_FALSE(array.empty());
}

TEST(ObjectText, MergesDeeply) {
  ObjectText object;
  object.set("a", R"({"x":1,"y":2})").set_bool("b", true);
  object.merge(*JsonView::parse(R"({"a":{"y":3.0,"z":null},"b":1,"c":[]})"));
  EXPECT_EQ(object.text(), R"({"a":{"x":1,"y":3.0,"z":null},"b":1,"c":[]})");
}

}  // namespace
}  // namespace ek::dialect

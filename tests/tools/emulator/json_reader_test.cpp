#include "tools/emulator/json_reader.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace ek::emulator {
namespace {

using nlohmann::json;

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(ParseJson, RefusesWhatNestsTooDeep) {
  EXPECT_FALSE(parse_json<json>(nested(1000)).is_discarded());
  EXPECT_TRUE(parse_json<json>(nested(1001)).is_discarded());
  EXPECT_TRUE(parse_json<json>(nested(300'000)).is_discarded());
}

TEST(ParseJson, CountsNoBracketsOfTexts) {
  const json text = R"(\"[{)" + std::string(2000, '[');
  EXPECT_EQ(parse_json<json>(text.dump()), text);
  const json flat(2000, json::array());
  EXPECT_EQ(parse_json<json>(flat.dump()), flat);
}

TEST(ToText, TakesBytesThatAreNoUtf8) {
  EXPECT_EQ(to_text(json{{"name", "caf\xE9"}}), "{\"name\":\"caf\xEF\xBF\xBD\"}");
}

}  // namespace
}  // namespace ek::emulator

#include "tools/emulator/tabular.hpp"

#include <gtest/gtest.h>

namespace ek::emulator {
namespace {

TEST(Tabular, AnswersEachFormInItsOwnForm) {
  EXPECT_EQ(score_json(R"({"instances":[[1,2],[3.5]]})"), R"({"predictions":[3.0,3.5]})");
  EXPECT_EQ(score_json(R"({"instances":[{"a":1,"b":2}]})"), R"({"predictions":[3.0]})");
  EXPECT_EQ(score_json(R"({"input_data":{"columns":["a"],"index":[0],"data":[[4,5]]}})"), "[9.0]");
  EXPECT_EQ(score_json(R"({"input_data":[[1],[2]]})"), "[1.0,2.0]");
  EXPECT_EQ(score_json(R"({"data":[[1,1]]})"), R"({"result":[2.0]})");
}

TEST(Tabular, LeavesOtherBodiesAlone) {
  for (const char* body : {"", "[1]", "{}", R"({"instances":[]})", R"({"instances":["text"]})",
                           R"({"input_data":{"columns":[]}})", R"({"messages":[]})"}) {
    EXPECT_FALSE(score_json(body)) << body;
  }
}

TEST(Tabular, SumsRowsOfCsv) {
  EXPECT_EQ(score_csv("1,2\r\n3, 4.5\n\n"), "3.0\n7.5");
  EXPECT_FALSE(score_csv("1,two"));
  EXPECT_FALSE(score_csv("1,"));
  EXPECT_FALSE(score_csv(""));
}

}  // namespace
}  // namespace ek::emulator

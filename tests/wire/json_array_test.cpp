#include "wire/json_array.hpp"

#include <gtest/gtest.h>

#include "wire/frames.hpp"

namespace ek::wire {
namespace {

struct Case {
  std::string_view name;
  std::string body;
  std::vector<Got> frames;
  std::string_view error = "";
};

MakeDecoder array(std::size_t max = 1024) {
  return [max] { return std::make_unique<JsonArrayDecoder>(max); };
}

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Outcome outcome = run(array(), c.body);
    EXPECT_EQ(outcome.frames, c.frames);
    EXPECT_EQ(outcome.error, c.error);
  }
}

TEST(JsonArrayDecoder, GivesElementsAsTheyCome) {
  check({
      {"empty", "[]", {}},
      {"empty with blanks", " [ \n] \r\n", {}},
      {"objects",
       "[{\"a\":1}\n,\r\n{\"b\":[2,{}]}]\n",
       {event("{\"a\":1}"), event("{\"b\":[2,{}]}")}},
      {"pretty",
       "[{\n  \"t\": \"x\"\n}\n,\n{\n  \"t\": \"y\"\n}\n]\n",
       {event("{\n  \"t\": \"x\"\n}"), event("{\n  \"t\": \"y\"\n}")}},
      {"brackets and quotes in strings",
       R"([{"a":"]},\"{\\"},{"b":"\\\""}])",
       {event(R"({"a":"]},\"{\\"})"), event(R"({"b":"\\\""})")}},
      {"characters of several bytes",
       "[{\"a\":\"日本👩‍💻\"}]",
       {event("{\"a\":\"日本👩‍💻\"}")}},
      {"scalars",
       "[1, \"a,]\" ,null,[2]]",
       {event("1"), event("\"a,]\""), event("null"), event("[2]")}},
      {"byte order mark", "\xEF\xBB\xBF[1]", {event("1")}},
      {"error body",
       "[{\n  \"error\": {\"code\": 400}\n}]",
       {event("{\n  \"error\": {\"code\": 400}\n}")}},
      {"object instead of an array", "{\"error\": 1}\n", {unframed("{\"error\": 1}")}},
  });
}

TEST(JsonArrayDecoder, SaysThatTheArrayWasCut) {
  check({
      {"no byte", "", {}, "truncated/stream"},
      {"open", "[", {}, "truncated/stream"},
      {"after an element", "[{\"a\":1}", {event("{\"a\":1}")}, "truncated/stream"},
      {"after a comma", "[1,\n", {event("1")}, "truncated/stream"},
      {"inside an element", "[{\"a\":\"]", {}, "truncated/stream"},
      {"inside a number", "[12", {}, "truncated/stream"},
      {"inside a lone object", "{\"error\":", {}, "truncated/stream"},
  });
}

TEST(JsonArrayDecoder, RefusesWhatIsNoArray) {
  check({
      {"text", "<html>", {}, "server_error/decode"},
      {"no comma", "[{} {}]", {event("{}")}, "server_error/decode"},
      {"two commas", "[1,,2]", {event("1")}, "server_error/decode"},
      {"trailing comma", "[1,]", {event("1")}, "server_error/decode"},
      {"wrong bracket", "[1}", {}, "truncated/stream"},
      {"stray bracket", "[}", {}, "server_error/decode"},
      {"text after the array", "[1]\n[2]", {event("1")}, "server_error/decode"},
  });
}

TEST(JsonArrayDecoder, KnowsWhenTheArrayIsClosed) {
  JsonArrayDecoder decoder;
  Outcome outcome;
  decoder.append("[{}", false);
  drain(decoder, outcome);
  EXPECT_FALSE(decoder.closed());
  decoder.append("]", false);
  drain(decoder, outcome);
  EXPECT_TRUE(decoder.closed());
}

TEST(JsonArrayDecoder, RefusesElementsThatAreTooLarge) {
  EXPECT_EQ(run(array(8), "[[1,2,34] , [1,2,34]]").error, "");
  EXPECT_EQ(run(array(8), "[1,[1,2,345]]").error, "server_error/decode");
  EXPECT_EQ(run(array(8), "[1,{\"a\":\"0123456789").error, "server_error/decode");
}

}  // namespace
}  // namespace ek::wire

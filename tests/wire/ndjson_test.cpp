#include "wire/ndjson.hpp"

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

MakeDecoder ndjson(std::size_t max = 1024) {
  return [max] { return std::make_unique<NdjsonDecoder>(max); };
}

TEST(NdjsonDecoder, GivesOneFrameAValue) {
  const std::vector<Case> cases{
      {"nothing", "", {}},
      {"blank", " \r\n\n", {}},
      {"lines", "{\"a\":1}\n{\"b\":2}\r\n", {event("{\"a\":1}"), event("{\"b\":2}")}},
      {"blank lines", "\n\n1\n \n2\n\n", {event("1"), event("2")}},
      {"no last line end", "{}\n{\"日\":\"本\"}", {event("{}"), event("{\"日\":\"本\"}")}},
      {"scalars", "null\n\"a\\\"b\"\n-1.5", {event("null"), event("\"a\\\"b\""), event("-1.5")}},
      {"on one line",
       "{\"a\":\"}{\"}{\"b\":2} [3]\n",
       {event("{\"a\":\"}{\"}"), event("{\"b\":2}"), event("[3]")}},
      {"over several lines",
       "{\n  \"error\": 1\n}\n{}\n",
       {event("{\n  \"error\": 1\n}"), event("{}")}},
      {"broken string", "{\"a\": \"x\n{\"b\":2}\n", {event("{\"a\": \"x"), event("{\"b\":2}")}},
      {"byte order mark", "\xEF\xBB\xBF{}\n", {event("{}")}},
      {"text", "data: x\nplain words \n", {event("data: x"), event("plain words")}},
      {"cut object", "{}\n{\"a\":", {event("{}")}, "truncated/stream"},
      {"cut string", "\"abc", {}, "truncated/stream"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Outcome outcome = run(ndjson(), c.body);
    EXPECT_EQ(outcome.frames, c.frames);
    EXPECT_EQ(outcome.error, c.error);
  }
}

TEST(NdjsonDecoder, RefusesValuesThatAreTooLarge) {
  EXPECT_EQ(run(ndjson(8), "[1,2,3]\n[1,2,34]\n").frames.size(), 2u);
  const Outcome outcome = run(ndjson(8), "[1]\n[1,2,3,4]\n");
  EXPECT_EQ(outcome.frames, std::vector{event("[1]")});
  EXPECT_EQ(outcome.error, "server_error/decode");
  EXPECT_EQ(run(ndjson(8), "0123456789").error, "server_error/decode");
}

}  // namespace
}  // namespace ek::wire

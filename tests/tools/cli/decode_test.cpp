#include "tools/cli/decode.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace ek::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Decode : public testing::Test {
 protected:
  // The lines that are printed for `body`.
  std::vector<json> decode(const std::string& body, const DecodeArguments& arguments = {}) {
    std::istringstream in(body);
    std::ostringstream out;
    status_ = run_decode(arguments, in, out, err_);
    std::vector<json> lines;
    std::istringstream text(out.str());
    for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
    return lines;
  }
  int status_ = -1;
  std::ostringstream err_;
};

const std::string whole =
    "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hé\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: "
    "[DONE]\n\n";

TEST_F(Decode, PrintsEventsAndThenTheFinalAnswer) {
  const auto lines = decode(whole);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], json({{"type", "text"}, {"text", "Hé"}}));
  EXPECT_EQ(lines[1]["type"], "finished");
  const json& final = lines[2]["final"];
  EXPECT_EQ(final["text"], "Hé");
  EXPECT_EQ(final["finish_reason"], "stop");
  EXPECT_EQ(final["complete"], true);
  EXPECT_EQ(status_, 0);
}

TEST_F(Decode, SaysTheSameAtEveryChunkSize) {
  const auto expected = decode(whole);
  for (std::size_t chunk = 1; chunk <= whole.size(); ++chunk)
    EXPECT_EQ(decode(whole, {.chunk = chunk}), expected) << chunk;
}

TEST_F(Decode, DoesNotCallACutAnswerComplete) {
  const auto lines =
      decode(whole.substr(0, whole.find("data: {\"choices\":[{\"index\":0,\"delta\":{},")));
  EXPECT_EQ(lines.back()["final"]["complete"], false);
  EXPECT_EQ(lines.back()["error"]["code"], "truncated");
  EXPECT_EQ(status_, 0) << "the body was decoded, whatever it says";
}

TEST_F(Decode, NeverTakesABrokenObjectForText) {
  const std::string broken[] = {"{\"choices\":[{\"delta\":{\"content\":\"Hi\"}",
                                "{\"answer\":\"\xFF\"}"};
  for (const std::string& frame : broken) {
    for (const std::string& body : {"data: " + frame + "\n\ndata: [DONE]\n\n", frame}) {
      const auto lines = decode(body);
      EXPECT_EQ(lines.back()["final"]["text"], "") << body;
    }
  }
  const auto lines = decode(
      "data: {\"choices\":[{\"delta\":{\"content\":\"a\xFF\"},\"finish_reason\":\"stop\"}]}\n\n"
      "data: [DONE]\n\n");
  EXPECT_EQ(lines.back()["final"]["complete"], true);
  EXPECT_EQ(lines.back()["final"]["text"], "a\xEF\xBF\xBD");
}

TEST_F(Decode, ExplainsArgumentsThatItDoesNotKnow) {
  EXPECT_TRUE(decode(whole, {.wire = "morse"}).empty());
  EXPECT_EQ(status_, 2);
  EXPECT_THAT(err_.str(), HasSubstr("eventstream"));
  EXPECT_TRUE(decode(whole, {.dialect = "klingon"}).empty());
  EXPECT_EQ(status_, 2);
  EXPECT_THAT(err_.str(), HasSubstr("klingon"));
}

}  // namespace
}  // namespace ek::cli

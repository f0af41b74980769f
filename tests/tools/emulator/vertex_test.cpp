#include "emulator_fixture.hpp"

namespace ek::emulator {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class VertexAi : public EmulatorTest {
 protected:
  static std::string model(const std::string& verb, const std::string& name = "gemini-x") {
    return "/v1/projects/emulated-project/locations/us-central1/publishers/google/models/" + name +
           verb;
  }
  static std::string endpoint(const std::string& verb, const std::string& id = "42") {
    return "/v1beta1/projects/emulated-project/locations/us-central1/endpoints/" + id + verb;
  }
  Got call(const std::string& path, const std::string& body) const {
    return post(path, bearer(google_token()), body);
  }
  static std::string reason_of(const Got& got) {
    return got.parsed()["error"]["details"][0]["reason"].get<std::string>();
  }
};

const std::string contents = R"({"contents":[{"role":"user","parts":[{"text":"Tell of tides"}]}]})";

std::string text_of(const json& responses) {
  std::string text;
  for (const json& response : responses) {
    for (const json& part : response["candidates"][0]["content"].value("parts", json::array())) {
      text += part.value("text", "");
    }
  }
  return text;
}

TEST_F(VertexAi, AnswersAPrompt) {
  const Got got = call(model(":generateContent"), contents);
  EXPECT_EQ(got.status, 200);
  EXPECT_THAT(text_of(json::array({got.parsed()})), HasSubstr("tides"));
  EXPECT_EQ(got.parsed()["candidates"][0]["finishReason"], "STOP");
  EXPECT_EQ(got.parsed()["modelVersion"], "gemini-x");
}

TEST_F(VertexAi, StreamsTheSameTextAsEventsAndAsAnArray) {
  const std::string whole =
      text_of(json::array({call(model(":generateContent"), contents).parsed()}));
  json events = json::array();
  const Got sse = call(model(":streamGenerateContent?alt=sse"), contents);
  EXPECT_EQ(sse.header("Content-Type"), "text/event-stream");
  for (const auto& event : events_of(sse.body)) events.push_back(json::parse(event));
  EXPECT_EQ(text_of(events), whole);
  const Got array = call(model(":streamGenerateContent"), contents);
  EXPECT_EQ(array.header("Content-Type"), "application/json; charset=UTF-8");
  EXPECT_EQ(text_of(array.parsed()), whole);
  EXPECT_EQ(array.parsed().size(), events.size());
}

TEST_F(VertexAi, CutsItsChunksInsideEvents) {
  const Got got = call(model(":streamGenerateContent?alt=sse"), contents);
  int inside = 0;
  for (const auto& chunk : got.chunks) inside += chunk.back() != '\n';
  EXPECT_GT(inside, 10);
}

TEST_F(VertexAi, AnswersChatsOfEndpoints) {
  EXPECT_THAT(call(endpoint("/chat/completions"), hello).body, HasSubstr("lighthouses"));
  EXPECT_THAT(call(endpoint("/chat/completions", "openapi"), hello_stream).body,
              EndsWith("data: [DONE]\n\n"));
  EXPECT_EQ(call(model("/chat/completions"), hello).status, 404);
}

TEST_F(VertexAi, PassesRawPredictionsThrough) {
  const Got got = call(endpoint(":rawPredict"), hello);
  EXPECT_THAT(got.body, HasSubstr("lighthouses"));
  EXPECT_EQ(got.header("X-Vertex-AI-Endpoint-Id"), "42");
  EXPECT_THAT(call(endpoint(":streamRawPredict"), hello_stream).body, EndsWith("data: [DONE]\n\n"));
  EXPECT_EQ(call(endpoint(":rawPredict"), R"({"instances":[[1,2]]})").body,
            R"({"predictions":[3.0]})");
  EXPECT_EQ(call(endpoint(":rawPredict", "echo"), "raw bytes").body, "raw bytes");
}

TEST_F(VertexAi, Predicts) {
  EXPECT_EQ(call(endpoint(":predict"), R"({"instances":[[1,2],[3]]})").parsed()["predictions"],
            json::array({3.0, 3.0}));
  const json text =
      call(endpoint(":predict"), R"({"instances":[{"prompt":"Tell of tides"}]})").parsed();
  EXPECT_THAT(text["predictions"][0].get<std::string>(), HasSubstr("tides"));
  const json chat =
      call(endpoint(":predict"), R"({"instances":[{"@requestFormat":"chatCompletions","messages":)"
                                 R"([{"role":"user","content":"hi"}]}]})")
          .parsed();
  EXPECT_EQ(chat["predictions"]["object"], "chat.completion");
  EXPECT_EQ(call(endpoint(":predict"), "{}").parsed()["error"]["status"], "INVALID_ARGUMENT");
}

TEST_F(VertexAi, CountsTokens) {
  EXPECT_GT(call(model(":countTokens"), contents).parsed()["totalTokens"], 3);
}

TEST_F(VertexAi, RefusesARequestWithoutAToken) {
  const Got got = post(model(":generateContent"), {}, contents);
  EXPECT_EQ(got.status, 401);
  EXPECT_EQ(got.parsed()["error"]["status"], "UNAUTHENTICATED");
  EXPECT_EQ(reason_of(got), "CREDENTIALS_MISSING");
  EXPECT_NE(got.header("WWW-Authenticate"), "");
}

TEST_F(VertexAi, WrapsARefusalOfTheArrayForm) {
  const Got got = post(model(":streamGenerateContent"), {}, contents);
  EXPECT_EQ(got.parsed()[0]["error"]["code"], 401);
}

TEST_F(VertexAi, RefusesAnUnknownAndAnExpiredToken) {
  EXPECT_EQ(reason_of(post(model(":generateContent"), bearer("ya29.unknown"), contents)),
            "ACCESS_TOKEN_TYPE_UNSUPPORTED");
  const std::string token = google_token();
  clock_.advance(std::chrono::seconds(3598));
  EXPECT_EQ(post(model(":generateContent"), bearer(token), contents).status, 200);
  clock_.advance(std::chrono::seconds(1));
  const Got got = post(model(":generateContent"), bearer(token), contents);
  EXPECT_EQ(got.status, 401);
  EXPECT_EQ(reason_of(got), "ACCESS_TOKEN_EXPIRED");
}

TEST_F(VertexAi, RefusesATokenOfASmallerScope) {
  json claims = google_claims();
  claims["scope"] = "https://www.googleapis.com/auth/devstorage.read_only";
  const std::string token = grant(claims).parsed()["access_token"].get<std::string>();
  const Got got = post(model(":generateContent"), bearer(token), contents);
  EXPECT_EQ(got.status, 403);
  EXPECT_EQ(reason_of(got), "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
}

TEST_F(VertexAi, AcceptsASelfSignedTokenByScopeOrByAudience) {
  json by_scope = google_claims();
  by_scope.erase("aud");
  EXPECT_EQ(post(model(":generateContent"), bearer(google_jwt(by_scope)), contents).status, 200);
  json by_audience = google_claims();
  by_audience.erase("scope");
  by_audience["aud"] = "https://aiplatform.googleapis.com/";
  EXPECT_EQ(post(model(":generateContent"), bearer(google_jwt(by_audience)), contents).status, 200);
}

TEST_F(VertexAi, RefusesSelfSignedTokensThatAreNotForIt) {
  json claims = google_claims();
  claims["aud"] = "https://storage.googleapis.com/";
  EXPECT_EQ(post(model(":generateContent"), bearer(google_jwt(claims)), contents).status, 401);
  claims = google_claims();
  claims.erase("aud");
  claims["sub"] = "someone@example.com";
  EXPECT_EQ(post(model(":generateContent"), bearer(google_jwt(claims)), contents).status, 401);
  claims = google_claims();
  claims.erase("aud");
  const std::string token = google_jwt(claims);
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(reason_of(post(model(":generateContent"), bearer(token), contents)),
            "ACCESS_TOKEN_EXPIRED");
}

TEST_F(VertexAi, RefusesAnotherProject) {
  const Got got = post("/v1/projects/other/locations/eu/endpoints/1:predict",
                       bearer(google_token()), R"({"instances":[1]})");
  EXPECT_EQ(got.status, 403);
  EXPECT_EQ(reason_of(got), "IAM_PERMISSION_DENIED");
}

TEST_F(VertexAi, RefusesAnApiKey) {
  const Got got = post(model(":generateContent"), {{"x-goog-api-key", "k"}}, contents);
  EXPECT_THAT(got.parsed()["error"]["message"].get<std::string>(),
              HasSubstr("API keys are not supported"));
}

TEST_F(VertexAi, OrdersAccidentsByName) {
  EXPECT_EQ(call(model(":generateContent", "missing"), contents).parsed()["error"]["status"],
            "NOT_FOUND");
  EXPECT_EQ(call(model(":generateContent", "busy"), contents).parsed()["error"]["status"],
            "RESOURCE_EXHAUSTED");
  EXPECT_EQ(call(model(":generateContent", "failing"), contents).parsed()["error"]["status"],
            "INTERNAL");
  EXPECT_EQ(call(endpoint(":rawPredict", "failing"), hello).status, 500);
  EXPECT_EQ(call(model(":streamGenerateContent?alt=sse", "cut"), contents).status, 0);
}

TEST_F(VertexAi, BreaksAStreamWithAnErrorInIt) {
  const auto events =
      events_of(call(model(":streamGenerateContent?alt=sse", "broken"), contents).body);
  ASSERT_GT(events.size(), 2U);
  EXPECT_EQ(json::parse(events.back())["error"]["status"], "UNAVAILABLE");
  const json array = call(model(":streamGenerateContent", "broken"), contents).parsed();
  EXPECT_EQ(array.back()["error"]["status"], "UNAVAILABLE");
}

TEST_F(VertexAi, AnswersUnknownPathsInHtml) {
  const Got got = call("/v1/projects/emulated-project/locations/us/models/7:predict", "{}");
  EXPECT_EQ(got.status, 404);
  EXPECT_THAT(got.header("Content-Type"), HasSubstr("text/html"));
}

}  // namespace
}  // namespace ek::emulator

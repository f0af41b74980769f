#include <gmock/gmock.h>

#include "cloud/cloud_fixture.hpp"
#include "cloud/vertex/entry.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;

std::unique_ptr<Cloud> opened(const std::string& uri, World world = {}) {
  auto cloud = open_cloud(vertex::open_uri, uri, std::move(world));
  EXPECT_TRUE(cloud) << describe(cloud.error());
  return cloud ? *std::move(cloud) : nullptr;
}

TEST(VertexHost, IsThatOfTheLocation) {
  EXPECT_EQ(vertex::host_of("us-central1"), "us-central1-aiplatform.googleapis.com");
  EXPECT_EQ(vertex::host_of("global"), "aiplatform.googleapis.com");
  EXPECT_EQ(vertex::host_of("us"), "aiplatform.us.rep.googleapis.com");
  EXPECT_EQ(vertex::host_of("eu"), "aiplatform.eu.rep.googleapis.com");
}

TEST(VertexAddress, PicksTheMethodByResourceDialectAndOperation) {
  const std::string p = "vertex://p/europe-west4/";
  const std::string r =
      "https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/";
  constexpr auto chat = Operation::Kind::chat, raw = Operation::Kind::invoke;
  struct Row {
    std::string uri;
    Operation::Kind kind;
    bool stream;
    std::string url;
  };
  const Row table[] = {
      {p + "publishers/google/models/gemini-2.5-flash", chat, false,
       r + "publishers/google/models/gemini-2.5-flash:generateContent"},
      {p + "publishers/google/models/gemini-2.5-flash", chat, true,
       r + "publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse"},
      {p + "publishers/mistralai/models/m@1", chat, true,
       r + "publishers/mistralai/models/m@1:streamRawPredict"},
      {p + "123", chat, false, r + "endpoints/123/chat/completions"},
      {p + "123", chat, true, r + "endpoints/123/chat/completions"},
      {p + "123", raw, false, r + "endpoints/123:rawPredict"},
      {p + "123", raw, true, r + "endpoints/123:streamRawPredict"},
      {p + "123?method=predict", raw, false, r + "endpoints/123:predict"},
      {p + "endpoints/123?dialect=tgi", chat, true, r + "endpoints/123:streamRawPredict"},
      {p + "123?dialect=gemini", chat, false, r + "endpoints/123:generateContent"},
      {p + "openapi?model=meta/llama&api_version=v1beta1", chat, true,
       "https://europe-west4-aiplatform.googleapis.com/v1beta1/projects/p/locations/europe-west4/"
       "endpoints/openapi/chat/completions"},
  };
  for (const Row& row : table) {
    EXPECT_EQ(opened(row.uri)->address({.kind = row.kind, .stream = row.stream}).url, row.url)
        << row.uri;
  }
}

TEST(VertexAddress, NamesTheModelOnlyWhereTheAddressDoesNot) {
  EXPECT_TRUE(opened("vertex://p/us/publishers/google/models/g")->hints().omit_model);
  const auto hints = opened("vertex://p/us/openapi?model=meta/llama")->hints();
  EXPECT_FALSE(hints.omit_model);
  EXPECT_EQ(hints.model, "meta/llama");
}

TEST(VertexAddress, SendsQuotaProjectAndServerTimeout) {
  const auto cloud = opened("vertex://p/us/123?quota_project=q&request_type=shared");
  const HttpRequest request = cloud->address({});
  EXPECT_EQ(header_of(request, "x-goog-user-project"), "q");
  EXPECT_EQ(header_of(request, "X-Vertex-AI-LLM-Request-Type"), "shared");
  EXPECT_EQ(cloud->attempt_headers({.time_left = std::chrono::milliseconds(1500)}).at(0),
            (Header{"X-Server-Timeout", "2"}));
  EXPECT_TRUE(cloud->attempt_headers({}).empty());
}

TEST(VertexAddress, TakesTheBaseUrlFromOptionThenVariable) {
  const World world{.variables = {{"GOOGLE_VERTEX_BASE_URL", "http://127.0.0.1:9"}}};
  EXPECT_THAT(opened("vertex://p/us/1", world)->address({}).url,
              testing::StartsWith("http://127.0.0.1:9/v1/projects/p/"));
  EXPECT_THAT(opened("vertex://p/us/1?base_url=https://1.us-1.prediction.vertexai.goog", world)
                  ->address({})
                  .url,
              testing::StartsWith("https://1.us-1.prediction.vertexai.goog/v1/"));
}

TEST(VertexAddress, RefusesWhatCannotBeAnAddress) {
  const std::pair<const char*, const char*> table[] = {
      {"vertex://p", "vertex://PROJECT/LOCATION"},
      {"vertex://p/us", "vertex://PROJECT/LOCATION"},
      {"vertex://p/us/", "vertex://PROJECT/LOCATION"},
      {"vertex://p/evil.com%2F/1", "no location"},
      {"vertex://p/us/publishers/google", "no Vertex AI resource"},
      {"vertex://p/us/a/b", "no Vertex AI resource"},
      {"vertex://p/us/1?method=explain", "rawPredict"},
      {"vertex://p/us/1?api_version=v2", "v1beta1"},
      {"vertex://p/us/1?region=x", "no option \"region\""},
  };
  for (const auto& [uri, part] : table) {
    const auto cloud = open_cloud(vertex::open_uri, uri);
    ASSERT_FALSE(cloud) << uri;
    EXPECT_THAT(cloud.error().message, HasSubstr(part)) << uri;
  }
}

TEST(VertexExplain, AdvisesOnPermissionServiceAndHtml) {
  const auto cloud = opened("vertex://p/us/1");
  const Error denied = cloud->explain(
      head(403), R"({"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}})");
  EXPECT_EQ(denied.code, ErrorCode::permission);
  EXPECT_EQ(denied.provider_code, "PERMISSION_DENIED");
  EXPECT_THAT(denied.message, HasSubstr("aiplatform.endpoints.predict"));
  const Error named = cloud->explain(
      head(403), R"({"error":{"code":403,"status":"PERMISSION_DENIED","message":"Permission )"
                 R"('aiplatform.endpoints.explain' denied on resource '//r' (or it may not )"
                 R"(exist)."}})");
  EXPECT_THAT(named.message, HasSubstr("needs aiplatform.endpoints.explain on project p"));
  const Error html = cloud->explain(head(404), "<html><title>Error 404 (Not Found)!!1</title>");
  EXPECT_EQ(html.code, ErrorCode::not_found);
  EXPECT_THAT(html.message, HasSubstr("Error 404 (Not Found)"));
}

}  // namespace
}  // namespace ek::test

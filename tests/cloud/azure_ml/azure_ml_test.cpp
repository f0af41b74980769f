#include <gmock/gmock.h>

#include "cloud/azure_ml/entry.hpp"
#include "cloud/cloud_fixture.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;

const std::string host = "ep.westeurope.inference.ml.azure.com";

std::unique_ptr<Cloud> opened(const std::string& uri, World world = {}) {
  auto cloud = open_cloud(azure_ml::open_uri, uri, std::move(world));
  EXPECT_TRUE(cloud) << describe(cloud.error());
  return cloud ? *std::move(cloud) : nullptr;
}

TEST(AzureMlScope, IsThatOfTheHostsFamily) {
  EXPECT_EQ(azure_ml::scope_of("e.westeurope.inference.ml.azure.com"),
            "https://ml.azure.com/.default");
  EXPECT_EQ(azure_ml::scope_of("E.usgovvirginia.Inference.ML.azure.us:443"),
            "https://ml.azure.us/.default");
  EXPECT_EQ(azure_ml::scope_of("e.chinaeast2.inference.ml.azure.cn"),
            "https://ml.azure.cn/.default");
  EXPECT_EQ(azure_ml::scope_of("e.eastus.models.ai.azure.com"),
            "https://cognitiveservices.azure.com/.default");
  EXPECT_EQ(azure_ml::scope_of("evil.example"), "") << "an Entra token must not go to strangers";
  EXPECT_EQ(azure_ml::scope_of("inference.ml.azure.com.evil.example"), "");
}

TEST(AzureMlAddress, KeepsThePathAndDefaultsToScore) {
  EXPECT_EQ(opened("azureml://" + host)->address({}).url, "https://" + host + "/score");
  EXPECT_EQ(opened("azureml://" + host + "/v1/chat/completions")->address({}).url,
            "https://" + host + "/v1/chat/completions");
}

TEST(AzureMlAddress, PicksTheDialectByThePath) {
  EXPECT_EQ(opened("azureml://" + host + "/chat/completions")->dialect(), "openai");
  EXPECT_EQ(opened("azureml://" + host + "/score")->dialect(), "raw");
  EXPECT_EQ(opened("azureml://" + host + "/score?dialect=tgi")->dialect(), "tgi");
}

TEST(AzureMlAddress, PinsTheDeploymentAndAsksForAStream) {
  const auto cloud = opened("azureml://" + host + "/score?deployment=blue");
  const HttpRequest request = cloud->address({.stream = true});
  EXPECT_EQ(header_of(request, "azureml-model-deployment"), "blue");
  EXPECT_EQ(header_of(request, "accept"), "text/event-stream, application/json");
  EXPECT_EQ(header_of(cloud->address({}), "accept"), "");
  EXPECT_EQ(cloud->attempt_headers({.call_id = "id"}).at(0),
            (Header{"x-ms-client-request-id", "id"}));
}

TEST(AzureMlAddress, TakesTheBaseUrlFromOptionThenVariable) {
  const World world{.variables = {{"AZUREML_BASE_URL", "http://127.0.0.1:9/"}}};
  const auto cloud = opened("azureml://" + host + "/score", world);
  EXPECT_EQ(cloud->address({}).url, "http://127.0.0.1:9/score");
  EXPECT_EQ(cloud->scope().entra_scope, "https://ml.azure.com/.default")
      << "the scope stays that of the host";
}

TEST(AzureMlAddress, RefusesWhatCannotBeAnAddress) {
  EXPECT_FALSE(open_cloud(azure_ml::open_uri, "azureml://under_score.example/score"));
  const auto typo = open_cloud(azure_ml::open_uri, "azureml://" + host + "/score?deploymnt=blue");
  ASSERT_FALSE(typo);
  EXPECT_THAT(typo.error().message, HasSubstr("deployment"));
}

TEST(AzureMlExplain, UnwrapsTheContainersStatus) {
  const auto cloud = opened("azureml://" + host + "/chat/completions");
  const Error lost = cloud->explain(head(424, {{"ms-azureml-model-error-statuscode", "404"}}),
                                    R"({"detail":"Not Found"})");
  EXPECT_EQ(lost.code, ErrorCode::model_error);
  EXPECT_EQ(lost.original_status, 404);
  EXPECT_FALSE(lost.retryable);
  EXPECT_THAT(lost.message,
              testing::AllOf(HasSubstr("Not Found"), HasSubstr("no route /chat/completions")));

  const Error busy = cloud->explain(head(424, {{"ms-azureml-model-error-statuscode", "503"},
                                               {"ms-azureml-model-error-reason", "model_error"}}),
                                    "Loading");
  EXPECT_EQ(busy.code, ErrorCode::unavailable);
  EXPECT_TRUE(busy.retryable);
  EXPECT_EQ(busy.provider_code, "model_error");
}

TEST(AzureMlExplain, TellsABlockedPromptFromABadOne) {
  const Error blocked =
      opened("azureml://" + host + "/chat/completions")
          ->explain(head(400), R"({"error":{"code":"content_filter","message":"Blocked."}})");
  EXPECT_EQ(blocked.code, ErrorCode::content_filter);
  EXPECT_FALSE(blocked.retryable);
  EXPECT_EQ(blocked.provider_code, "content_filter");
  EXPECT_THAT(blocked.message, HasSubstr("Blocked."));
}

TEST(AzureMlExplain, NamesScopeAndActionOnA401) {
  const Error error = opened("azureml://" + host + "/score")->explain(head(401), "");
  EXPECT_EQ(error.code, ErrorCode::authentication);
  EXPECT_THAT(error.message, testing::AllOf(HasSubstr("https://ml.azure.com/.default"),
                                            HasSubstr("score/action")));
}

TEST(AzureMlExplain, NamesTheActionThatARoleMustAllow) {
  const auto cloud = opened("azureml://" + host + "/score");
  const Error denied = cloud->explain(
      head(403), R"({"error":{"code":"AuthorizationFailed","message":"The client 'a' with object )"
                 R"(id 'o' does not have authorization to perform action 'Microsoft.X/y/read' )"
                 R"(over scope '/s' or the scope is invalid."}})");
  EXPECT_EQ(denied.code, ErrorCode::permission);
  EXPECT_THAT(denied.message, HasSubstr("needs the action Microsoft.X/y/read"));
  EXPECT_THAT(cloud->explain(head(403), "").message, HasSubstr("onlineEndpoints/score/action"));
}

TEST(AzureMlRequestId, PrefersTheServersOwn) {
  const auto cloud = opened("azureml://" + host + "/score");
  EXPECT_EQ(cloud->request_id(head(200, {{"x-ms-request-id", "b"}, {"x-request-id", "a"}})), "a");
  EXPECT_EQ(cloud->request_id(head(200, {{"x-ms-request-id", "b"}})), "b");
}

}  // namespace
}  // namespace ek::test

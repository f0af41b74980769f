#include "emulator_fixture.hpp"

namespace ek::emulator {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class AzureMl : public EmulatorTest {
 protected:
  Got call(const std::string& path, const std::string& body, httplib::Headers headers = {}) const {
    headers.merge(bearer(emulator_->azure_key().reveal()));
    return post(path, headers, body);
  }
  Got call_deployment(const std::string& name) const {
    return call("/v1/chat/completions", hello, {{"azureml-model-deployment", name}});
  }
};

const std::string question = R"({"question":"Tell me of lighthouses","chat_history":[]})";

TEST_F(AzureMl, AnswersChatsWithAKey) {
  for (const char* path : {"/chat/completions", "/v1/chat/completions"}) {
    const Got got = call(path, hello);
    EXPECT_EQ(got.status, 200);
    EXPECT_THAT(got.body, HasSubstr("lighthouses"));
    EXPECT_NE(got.header("x-request-id"), "");
    EXPECT_EQ(got.header("azureml-model-deployment"), "blue");
  }
}

TEST_F(AzureMl, AnswersChatsWithAnEntraToken) {
  EXPECT_EQ(post("/chat/completions", bearer(azure_token()), hello).status, 200);
}

TEST_F(AzureMl, StreamsChats) {
  const Got got = call("/chat/completions", hello_stream);
  EXPECT_EQ(got.header("Content-Type"), "text/event-stream");
  EXPECT_THAT(got.body, EndsWith("data: [DONE]\n\n"));
}

TEST_F(AzureMl, EchoesTheCallersIdCutToFortyCharacters) {
  const Got got = call("/score", "{}", {{"x-ms-client-request-id", std::string(50, 'a')}});
  EXPECT_EQ(got.header("x-ms-client-request-id"), std::string(40, 'a'));
}

TEST_F(AzureMl, StreamsAPromptFlowToWhoeverAcceptsEvents) {
  const Got got = call("/score", question, {{"Accept", "text/event-stream, application/json"}});
  EXPECT_EQ(got.header("Content-Type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(got.header("Connection"), "close");
  std::string text;
  for (const auto& event : events_of(got.body))
    text += json::parse(event)["answer"].get<std::string>();
  EXPECT_EQ(text, call("/score", question).parsed()["answer"]);
}

TEST_F(AzureMl, ScoresAndEchoes) {
  EXPECT_EQ(call("/score", R"({"input_data":[[1,2],[3]]})").body, "[3.0,3.0]");
  EXPECT_EQ(call("/score", R"({"data":[[1,2]]})").body, R"({"result":[3.0]})");
  EXPECT_EQ(call("/score", R"({"any":"thing"})").body, R"({"any":"thing"})");
}

TEST_F(AzureMl, ReportsAFlowThatCannotStream) {
  const Got got = call("/score", "{}", {{"Accept", "text/event-stream"}});
  EXPECT_EQ(got.status, 424);
  EXPECT_EQ(got.header("ms-azureml-model-error-statuscode"), "406");
  EXPECT_EQ(got.parsed()["error"]["code"], "UserError");
}

TEST_F(AzureMl, RefusesMissingAndWrongKeys) {
  const Got missing = post("/score", {}, "{}");
  EXPECT_EQ(missing.status, 401);
  EXPECT_EQ(missing.body, "key_auth_bad_header_forbidden");
  const Got wrong = post("/score", bearer("wrong"), "{}");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.body, "key_auth_access_denied");
  EXPECT_EQ(count("azureml/score")["refused"], 2);
}

TEST_F(AzureMl, RefusesATokenForAnotherAudience) {
  auto form = entra_form();
  form["scope"] = "https://management.azure.com/.default";
  const std::string token = entra(form).parsed()["access_token"].get<std::string>();
  const Got got = post("/score", bearer(token), "{}");
  EXPECT_EQ(got.status, 401);
  EXPECT_THAT(got.header("WWW-Authenticate"), HasSubstr("audience"));
}

TEST_F(AzureMl, RefusesAnExpiredToken) {
  const std::string token = azure_token();
  clock_.advance(std::chrono::seconds(3598));
  EXPECT_EQ(post("/score", bearer(token), "{}").status, 200);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_THAT(post("/score", bearer(token), "{}").header("WWW-Authenticate"), HasSubstr("expired"));
}

TEST_F(AzureMl, ReportsAModelThatFails) {
  const Got chat =
      call("/chat/completions", R"({"messages":[{"role":"user","content":"please [failing]"}]})");
  EXPECT_EQ(chat.status, 424);
  EXPECT_EQ(chat.header("ms-azureml-model-error-statuscode"), "500");
  EXPECT_EQ(call("/score", R"({"x":"[failing]"})").status, 424);
  const Got refused = call("/chat/completions", "{}");
  EXPECT_EQ(refused.header("ms-azureml-model-error-statuscode"), "400");
}

TEST_F(AzureMl, OrdersAccidentsByDeployment) {
  EXPECT_EQ(call_deployment("green").header("azureml-model-deployment"), "green");
  EXPECT_EQ(call_deployment("missing").status, 404);
  EXPECT_EQ(call_deployment("failing").status, 424);
  EXPECT_EQ(call_deployment("cut").status, 0);
  const Got busy = call_deployment("busy");
  EXPECT_EQ(busy.status, 429);
  EXPECT_EQ(busy.header("ms-azureml-model-error-reason"), "too_many_pending_request");
}

TEST_F(AzureMl, BreaksAStreamWithAnErrorInIt) {
  const auto events = events_of(
      call("/chat/completions", hello_stream, {{"azureml-model-deployment", "broken"}}).body);
  ASSERT_GT(events.size(), 2U);
  EXPECT_TRUE(json::parse(events.back()).contains("error"));
}

}  // namespace
}  // namespace ek::emulator

#include "tools/emulator/emulator.hpp"

#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>

#include "emulator_fixture.hpp"
#include "support/test_path.hpp"

namespace ek::emulator {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(EmulatorTest, NamesItselfInItsEnvironment) {
  const std::string url = "http://127.0.0.1:" + std::to_string(emulator_->port());
  EXPECT_EQ(emulator_->base_url(), url);
  for (const char* name : {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "GOOGLE_VERTEX_BASE_URL",
                           "AZURE_AUTHORITY_HOST", "AZUREML_BASE_URL"}) {
    EXPECT_EQ(variable(name), url) << name;
  }
  EXPECT_EQ(variable("ENDPOINTKIT_SAGEMAKER_URI"), "sagemaker://us-east-1/chat");
  EXPECT_THAT(variable("ENDPOINTKIT_VERTEX_URI"), testing::StartsWith("vertex://"));
  EXPECT_THAT(variable("ENDPOINTKIT_AZUREML_URI"), testing::StartsWith("azureml://"));
}

TEST_F(EmulatorTest, KeepsTheAzureKeyBackUnlessAsked) {
  EXPECT_EQ(variable("AZUREML_ENDPOINT_API_KEY"), "");
  start({.azure_key = true});
  EXPECT_EQ(variable("AZUREML_ENDPOINT_API_KEY"), emulator_->azure_key().reveal());
}

TEST_F(EmulatorTest, MakesNewSecretsUnlessItHasASeed) {
  const std::string first = variable("AWS_SECRET_ACCESS_KEY");
  start({});
  EXPECT_NE(variable("AWS_SECRET_ACCESS_KEY"), first);
  start({.seed = 7});
  const std::string seeded = variable("AWS_SECRET_ACCESS_KEY");
  const std::string secret = variable("AZURE_CLIENT_SECRET");
  start({.seed = 7});
  EXPECT_EQ(variable("AWS_SECRET_ACCESS_KEY"), seeded);
  EXPECT_EQ(variable("AZURE_CLIENT_SECRET"), secret);
}

TEST_F(EmulatorTest, WritesGooglesKeyFileForItsOwner) {
  const std::string path = test::test_path("google.json");
  start({.google_key_file = path});
  EXPECT_EQ(variable("GOOGLE_APPLICATION_CREDENTIALS"), path);
  const json key = json::parse(std::ifstream(path), nullptr, false);
  EXPECT_EQ(key["type"], "service_account");
  EXPECT_EQ(key["token_uri"], emulator_->base_url() + "/token");
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  std::filesystem::remove(path);
}

TEST_F(EmulatorTest, RefusesOptionsThatMakeNoSense) {
  EXPECT_THAT(Emulator::start({.host = "0.0.0.0"}), test::FailsWith(HasSubstr("loopback")));
  EXPECT_THAT(Emulator::start({.port = 70000}), test::FailsWith(HasSubstr("70000")));
  EXPECT_THAT(Emulator::start({.connections = 0}), test::FailsWith(HasSubstr("1 connection")));
  EXPECT_THAT(Emulator::start({.tokens_per_second = -1}),
              test::HasCode(ErrorCode::invalid_request));
  EXPECT_THAT(Emulator::start({.upstream = "http://example.com"}),
              test::FailsWith(HasSubstr("https://")));
}

TEST_F(EmulatorTest, SaysThatAPortIsTaken) {
  EXPECT_THAT(Emulator::start({.port = emulator_->port()}), test::HasCode(ErrorCode::transport));
}

TEST_F(EmulatorTest, GivesItsStatsOverHttp) {
  (void)invoke("/endpoints/chat/invocations", hello);
  const Got got = send("GET", "/_emulator/stats", {}, "");
  EXPECT_EQ(got.body, emulator_->stats_json());
  EXPECT_EQ(got.parsed()["endpoints"]["sagemaker/chat"]["completed"], 1);
}

TEST_F(EmulatorTest, AnswersUnknownPathsWithAHint) {
  const Got got = send("GET", "/", {}, "");
  EXPECT_EQ(got.status, 404);
  EXPECT_THAT(got.body, HasSubstr("--help"));
}

TEST_F(EmulatorTest, LogsRequestsWithoutSecrets) {
  std::mutex mutex;
  std::string lines;
  start({.log = [&](const std::string& line) {
    const std::lock_guard lock(mutex);
    lines += line + "\n";
  }});
  (void)invoke("/endpoints/chat/invocations", hello);
  (void)entra(entra_form());
  (void)send("GET", "/nothing?key=secret", {}, "");
  emulator_->stop();
  EXPECT_EQ(lines, "POST /endpoints/chat/invocations 200\nPOST /" + variable("AZURE_TENANT_ID") +
                       "/oauth2/v2.0/token 200\nGET /nothing 404\n");
}

TEST_F(EmulatorTest, CutsStreamsWhenItStops) {
  start({.tokens_per_second = 0.0001});
  std::promise<void> begun;
  std::atomic<bool> whole = true;
  const auto headers = aws_headers(aws_proof(), "/endpoints/chat/invocations-response-stream",
                                   hello_stream, "application/json");
  std::thread client_thread([&] {
    httplib::Client client("127.0.0.1", emulator_->port());
    client.set_read_timeout(60);
    httplib::Request request;
    request.method = "POST";
    request.path = "/endpoints/chat/invocations-response-stream";
    request.headers = headers;
    request.body = hello_stream;
    request.content_receiver = [&, told = false](const char*, std::size_t, std::uint64_t,
                                                 std::uint64_t) mutable {
      if (!std::exchange(told, true)) begun.set_value();
      return true;
    };
    whole = static_cast<bool>(client.send(request));
  });
  begun.get_future().wait();
  emulator_->stop();
  client_thread.join();
  EXPECT_FALSE(whole);
  EXPECT_EQ(count("sagemaker/chat")["abandoned"], 1);
}

TEST_F(EmulatorTest, StopsWithAnIdleConnectionOpen) {
  httplib::Client client("127.0.0.1", emulator_->port());
  client.set_keep_alive(true);
  ASSERT_TRUE(client.Get("/_emulator/stats"));
  const auto begin = std::chrono::steady_clock::now();
  emulator_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_FALSE(client.Get("/_emulator/stats"));
}

TEST_F(EmulatorTest, ServesManyConnectionsThatStayOpen) {
  std::vector<std::unique_ptr<httplib::Client>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<httplib::Client>("127.0.0.1", emulator_->port()));
    clients.back()->set_keep_alive(true);
    ASSERT_TRUE(clients.back()->Get("/_emulator/stats")) << i;
  }
  for (const auto& client : clients) EXPECT_TRUE(client->Get("/_emulator/stats"));
}

/// A second emulator is the OpenAI-compatible server behind the first.
class UpstreamTest : public EmulatorTest {
 protected:
  void SetUp() override {
    auto behind = Emulator::start({});
    ASSERT_THAT(behind, test::IsOk());
    behind_ = *std::move(behind);
    start({.upstream = behind_->base_url() + "/v1",
           .upstream_model = "real",
           .upstream_key = behind_->azure_key()});
  }
  json behind() const {
    return json::parse(behind_->stats_json())["endpoints"]["azureml/v1/chat/completions"];
  }
  std::unique_ptr<Emulator> behind_;
};

TEST_F(UpstreamTest, AnswersChatsInPlaceOfTheModel) {
  const Got got = invoke("/endpoints/chat/invocations", hello);
  EXPECT_EQ(got.status, 200);
  EXPECT_THAT(got.body, HasSubstr("lighthouses"));
  EXPECT_GT(got.parsed()["usage"]["completion_tokens"], 10);
  EXPECT_EQ(behind()["completed"], 1);
}

TEST_F(UpstreamTest, StreamsThroughGeminisFraming) {
  const Got got = post(
      "/v1/projects/emulated-project/locations/l/publishers/google/models/m:streamGenerateContent"
      "?alt=sse",
      bearer(google_token()),
      R"({"contents":[{"role":"user","parts":[{"text":"Tell of tides"}]}],)"
      R"("generationConfig":{"maxOutputTokens":12}})");
  const auto events = events_of(got.body);
  ASSERT_GT(events.size(), 10U);
  const json last = json::parse(events.back());
  EXPECT_EQ(last["candidates"][0]["finishReason"], "MAX_TOKENS");
  EXPECT_EQ(last["usageMetadata"]["candidatesTokenCount"], 12);
  EXPECT_THAT(got.body, HasSubstr("tides"));
}

TEST_F(UpstreamTest, PassesToolCallsOn) {
  const Got got = invoke(
      "/endpoints/chat/invocations",
      R"({"messages":[{"role":"user","content":"weather in Oslo?"}],"tools":[{"type":"function",)"
      R"("function":{"name":"f","parameters":{"properties":{"city":{"type":"string"}}}}}]})");
  const json choice = got.parsed()["choices"][0];
  EXPECT_EQ(choice["finish_reason"], "tool_calls");
  EXPECT_EQ(choice["message"]["tool_calls"][0]["function"]["arguments"], R"({"city":"Oslo"})");
}

TEST_F(UpstreamTest, ReportsItsFailures) {
  start({.upstream = behind_->base_url(), .upstream_key = Secret("wrong")});
  const Got refused = invoke("/endpoints/chat/invocations", hello);
  EXPECT_EQ(refused.status, 424);
  EXPECT_EQ(refused.parsed()["OriginalStatusCode"], 401);
  behind_->stop();
  const Got gone = invoke("/endpoints/chat/invocations", hello);
  EXPECT_EQ(gone.status, 424);
  EXPECT_THAT(gone.body, HasSubstr("did not answer"));
}

struct Breakage {
  const char* order;
  const char* said;
};
// The prompt orders the accident on both sides; the one behind has it first.
constexpr auto breakages = std::to_array<Breakage>(
    {{"[cut]", "answer was cut"}, {"[broken]", "closed the connection while it was answering"}});

TEST_F(UpstreamTest, ReportsAStreamThatBreaks) {
  for (const Breakage& breakage : breakages) {
    const json body = {{"messages", json::array({{{"role", "user"}, {"content", breakage.order}}})},
                       {"stream", true}};
    const Got got = invoke("/endpoints/chat/invocations-response-stream", body.dump());
    EXPECT_EQ(got.status, 200);
    EXPECT_THAT(got.body, HasSubstr("ModelStreamError"));
    EXPECT_THAT(got.body, HasSubstr(breakage.said));
  }
  EXPECT_EQ(behind()["abandoned"], 2);
}

// Bodies that an HTTP library may be tempted to read, unpack or refuse.
TEST_F(EmulatorTest, TakesEveryBodyAsItWasSent) {
  const std::string parts =
      "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ntext\r\n--b--\r\n";
  const std::string form = "field=" + std::string(20'000, 'x');
  const std::string packed("\x1F\x8B\x08 no gzip after all", 20);
  const std::pair<std::string, std::string> bodies[] = {{"multipart/form-data; boundary=b", parts},
                                                        {"multipart/form-data", parts},
                                                        {"application/x-www-form-urlencoded", form},
                                                        {"application/octet-stream", packed}};
  for (const auto& [type, body] : bodies) {
    httplib::Headers headers = bearer(emulator_->azure_key().reveal());
    headers.emplace("Content-Type", type);
    if (body == packed) headers.emplace("Content-Encoding", "gzip");
    const Got score = send("POST", "/score", headers, body);
    EXPECT_EQ(score.status, 200) << type;
    EXPECT_EQ(score.body, body) << type;
    EXPECT_EQ(score.header("Content-Type"), type);
    const Got signed_one = invoke(aws_proof(), "/endpoints/echo/invocations", body, type);
    EXPECT_EQ(signed_one.status, 200) << signed_one.body;
    EXPECT_EQ(signed_one.body, body) << type;
  }
}

TEST_F(EmulatorTest, RefusesJsonThatNestsTooDeep) {
  std::string deep;
  for (int level = 0; level < 60'000; ++level) deep += R"({"properties":)";
  deep += "{}" + std::string(60'000, '}');
  const std::string chat =
      R"({"messages":[{"role":"user","content":"use the tool"}],"tools":[{"type":"function",)"
      R"("function":{"name":"t","parameters":)" +
      deep + "}}]}";
  const auto headers = bearer(emulator_->azure_key().reveal());
  EXPECT_EQ(post("/v1/chat/completions", headers, chat).status, 424) << "as any bad body";
  const std::string rows =
      R"({"instances":)" + std::string(300'000, '[') + "1" + std::string(300'000, ']') + "}";
  const Got table = invoke("/endpoints/table/invocations", rows);
  EXPECT_EQ(table.parsed()["OriginalStatusCode"], 400) << table.body;
  EXPECT_EQ(post("/score", headers, rows).body, rows) << "which takes anything";
}

}  // namespace
}  // namespace ek::emulator

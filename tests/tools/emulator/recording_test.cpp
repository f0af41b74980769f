#include "tools/emulator/recording.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "emulator_fixture.hpp"
#include "support/test_path.hpp"

namespace ek::emulator {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

Recording sample() {
  return {.method = "POST",
          .path = "/score",
          .query = "alt=sse",
          .request_headers = {{"Content-Type", "application/json"}},
          .request_body = "{}",
          .status = 200,
          .content_type = "text/event-stream",
          .headers = {{"x-request-id", "1"}},
          .chunked = true,
          .pieces = {{milliseconds(0), "data: gr\xC3"}, {milliseconds(30), "\xBC\xC3\x9F\n\n"}},
          .end = BodySource::Chunk::State::cut};
}

TEST(Recording, IsTheSameAfterItWasAFile) {
  const std::string text = recording_to_json(sample());
  const auto read = parse_recording(text);
  ASSERT_THAT(read, test::IsOk());
  Recording wanted = sample();
  EXPECT_EQ(read->route(), "POST /score?alt=sse");
  EXPECT_EQ(read->end, wanted.end);
  EXPECT_TRUE(read->chunked);
  ASSERT_EQ(read->pieces.size(), 2U);
  EXPECT_EQ(read->pieces[0].bytes, wanted.pieces[0].bytes) << "half a character is base64";
  EXPECT_EQ(read->pieces[1].bytes, wanted.pieces[1].bytes);
  EXPECT_EQ(read->pieces[1].after, milliseconds(30));
  EXPECT_EQ(recording_to_json(*read), text);
}

TEST(Recording, SaysWhatIsNone) {
  const std::pair<const char*, const char*> texts[] = {
      {"", "expected an object with request and answer"},
      {R"({"request":{},"answer":{}})", "an answer with pieces"},
      {R"({"request":{},"answer":{"pieces":[1]}})", "pieces to be objects"},
      {R"({"request":{},"answer":{"pieces":[{"base64":"?"}]}})", "expected to be base64"}};
  for (const auto& [text, message] : texts)
    EXPECT_THAT(parse_recording(text), test::FailsWith(HasSubstr(message))) << text;
}

TEST(Recording, KeepsNoSecretOfARequest) {
  const Recording recording = recording_of({.method = "POST",
                                            .path = "/score",
                                            .query = "key=s3cret&alt=sse&access_token=s3cret",
                                            .headers = {{"Authorization", "Bearer s3cret"},
                                                        {"X-Amz-Security-Token", "s3cret"},
                                                        {"my-own-way", "s3cret"},
                                                        {"Content-Type", "text/csv"}}});
  const std::string text = recording_to_json(recording);
  EXPECT_THAT(text, Not(HasSubstr("s3cret")));
  EXPECT_THAT(text, HasSubstr("Authorization: ***"));
  EXPECT_THAT(text, HasSubstr("text/csv"));
  EXPECT_EQ(recording.query, "alt=sse");
}

class Recordings : public EmulatorTest {
 protected:
  void SetUp() override {
    folder_ = test::test_path("recordings");
    std::filesystem::remove_all(folder_);
    start({.record_folder = folder_});
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Got ask(const std::string& body, const std::string& fault = "") const {
    httplib::Headers headers = bearer(emulator_->azure_key().reveal());
    if (!fault.empty()) headers.emplace("x-emulator-fault", fault);
    return post("/v1/chat/completions", headers, body);
  }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      paths.push_back(entry.path().string());
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  std::string folder_;
};

TEST_F(Recordings, AreServedAgainInTheirOrderAndPieces) {
  const Got whole = ask(hello), stream = ask(hello_stream), cut = ask(hello_stream, "cut;after=90");
  const Got aws = invoke("/endpoints/chat/invocations-response-stream", hello_stream);
  emulator_->stop();  // the last body is over
  ASSERT_EQ(files().size(), 4U);
  EXPECT_THAT(files()[0], HasSubstr("/0001-v1-chat-completions.json"));
  start({.replay_folder = folder_, .replay_speed = 0});
  for (int round = 0; round < 2; ++round) {
    for (const Got* recorded : {&whole, &stream, &cut}) {
      const Got replayed = ask("{}");
      EXPECT_EQ(replayed.status, recorded->status);
      EXPECT_EQ(replayed.body, recorded->body);
      EXPECT_EQ(replayed.header("x-request-id"), recorded->header("x-request-id"));
      EXPECT_EQ(replayed.header("Content-Length"), recorded->header("Content-Length"));
    }
  }
  const Got again = post("/endpoints/chat/invocations-response-stream", {}, "{}");
  EXPECT_EQ(again.body, aws.body);
  EXPECT_EQ(again.header("Content-Type"), "application/vnd.amazon.eventstream");
  EXPECT_EQ(post("/score", {}, "{}").status, 404);
}

TEST_F(Recordings, KeepTheBordersOfTheirPieces) {
  ask(hello_stream);
  emulator_->stop();
  const std::string first = folder_;
  folder_ += "_again";
  start({.record_folder = folder_, .replay_folder = first, .replay_speed = 0});
  ask("{}");
  emulator_->stop();
  const auto once = parse_recording(read(first + "/0001-v1-chat-completions.json"));
  const auto again = parse_recording(read(folder_ + "/0001-v1-chat-completions.json"));
  ASSERT_TRUE(once && again);
  ASSERT_EQ(once->pieces.size(), again->pieces.size());
  for (std::size_t i = 0; i < once->pieces.size(); ++i)
    EXPECT_EQ(once->pieces[i].bytes, again->pieces[i].bytes);
  std::filesystem::remove_all(first);
}

TEST_F(Recordings, HoldNoProof) {
  ask(hello);
  invoke("/endpoints/chat/invocations", hello);
  emulator_->stop();
  ASSERT_EQ(files().size(), 2U);
  for (const std::string& path : files()) {
    const std::string text = read(path);
    EXPECT_THAT(text, Not(HasSubstr(emulator_->azure_key().reveal())));
    EXPECT_THAT(text, Not(HasSubstr(variable("AWS_ACCESS_KEY_ID"))));
    EXPECT_THAT(text, HasSubstr("lighthouses"));
  }
}

TEST_F(Recordings, AreHitByFaultsToo) {
  ask(hello_stream);
  emulator_->stop();
  start({.replay_folder = folder_, .replay_speed = 0});
  EXPECT_EQ(ask("{}", "cut;after=10").body.size(), 10U);
  EXPECT_EQ(ask("{}", "503").status, 503);
}

TEST_F(Recordings, AreMadeOfARealServiceToo) {
  const std::unique_ptr<Emulator> real = std::move(emulator_);
  const Secret key = real->azure_key();
  const auto ask_through = [&](const std::string& body, const std::string& fault = "") {
    httplib::Headers headers = bearer(key.reveal());
    if (!fault.empty()) headers.emplace("x-emulator-fault", fault);
    return post("/v1/chat/completions", headers, body);
  };
  const std::string ours = folder_ + "/proxy";
  start({.forward = real->base_url() + "/", .record_folder = ours});
  const Got whole = ask_through(hello), stream = ask_through(hello_stream);
  EXPECT_EQ(whole.status, 200);
  EXPECT_THAT(whole.body, HasSubstr("lighthouses"));
  EXPECT_EQ(whole.header("Content-Length"), std::to_string(whole.body.size()));
  EXPECT_THAT(stream.body, testing::EndsWith("data: [DONE]\n\n"));
  EXPECT_EQ(ask("{}").status, 401) << "our own key is not the service's";
  EXPECT_EQ(ask_through(hello_stream, "cut;after=50").body.size(), 50U) << "it is our fault";
  real->stop();
  EXPECT_EQ(ask_through(hello).status, 502);
  emulator_->stop();
  start({.replay_folder = ours, .replay_speed = 0});
  EXPECT_EQ(ask("{}").body, whole.body);
  EXPECT_EQ(ask("{}").body, stream.body);
}

TEST_F(Recordings, ComeFromAFolderThatHasSome) {
  emulator_->stop();
  EXPECT_THAT(Emulator::start({.replay_folder = folder_}),
              test::FailsWith(HasSubstr("expected a folder with files of --record")));
  std::ofstream(folder_ + "/0001-score.json") << "[]";
  EXPECT_THAT(Emulator::start({.replay_folder = folder_}),
              test::FailsWith(HasSubstr("0001-score.json is no recording")));
  EXPECT_THAT(Emulator::start({.record_folder = "/proc/none"}),
              test::FailsWith(HasSubstr("cannot keep recordings in the folder")));
}

TEST_F(Recordings, AreKeptOfRequestsWithHeadersThatAreNoUtf8) {
  for (const std::string& body : {hello, hello_stream}) {
    httplib::Headers headers = bearer(emulator_->azure_key().reveal());
    headers.emplace("x-emulator-note", "caf\xE9");
    EXPECT_EQ(post("/v1/chat/completions", headers, body).status, 200);
  }
  emulator_->stop();
  ASSERT_EQ(files().size(), 2U);
  for (const std::string& file : files())
    EXPECT_THAT(read(file), HasSubstr("x-emulator-note: caf\xEF\xBF\xBD"));
}

// While it lives, the process is nobody, if it was root: to root all folders are open.
class Nobody {
 public:
  Nobody() : was_(::geteuid()) { EXPECT_EQ(::seteuid(was_ == 0 ? 65534 : was_), 0); }
  ~Nobody() { EXPECT_EQ(::seteuid(was_), 0); }
  Nobody(const Nobody&) = delete;
  Nobody& operator=(const Nobody&) = delete;

 private:
  uid_t was_;
};

TEST_F(Recordings, NeedAFolderThatCanBeListed) {
  std::filesystem::permissions(folder_, std::filesystem::perms::none);
  {
    const Nobody nobody;
    EXPECT_THAT(Emulator::start({.record_folder = folder_}),
                test::FailsWith(HasSubstr("cannot keep recordings in the folder " + folder_)));
  }
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace ek::emulator

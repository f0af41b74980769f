#include "signing/google/executable_subject.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> command = {"env",
                                          "GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE=aud",
                                          "GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE=urn:type",
                                          "GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE=0",
                                          "GOOGLE_EXTERNAL_ACCOUNT_REVOKE=0",
                                          "GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL=robot@p",
                                          "GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE=/out",
                                          "/bin/token tool",
                                          "--for=me"};
std::string answer(const std::string& token, const std::string& expiry) {
  return R"({"version":1,"success":true,"token_type":"urn:ietf:params:oauth:token-type:jwt",)"
         R"("id_token":")" +
         token + R"(","expiration_time":)" + expiry + "}";
}
const std::string future = "1795608001";
const std::string past = "1795608000";

World world() {
  return {.variables = {{"GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1"}},
          .commands = {{command, {.standard_output = answer("printed", future)}}}};
}
Result<SubjectSource> read(const std::string& more = "") {
  return read_subject_source(
      JsonObject::parse(R"({"executable":{"command":"\"/bin/token tool\" --for=me",)"
                        R"("output_file":"/out")" +
                        more + "}}")
          .value(),
      {.audience = "aud", .token_type = "urn:type", .impersonated_mail = "robot@p"});
}
Result<Secret> fetch(const World& with) {
  const Bench bench(with);
  return read().value().fetch(bench.services(), bench.context());
}

TEST(ExecutableSubject, TellsTheProgramWhatIsWantedAndReadsWhatItPrints) {
  EXPECT_EQ(fetch(world()).value().reveal(), "printed");
}

TEST(ExecutableSubject, RunsNothingUnlessItIsAllowed) {
  for (const char* value : {"", "0", "true"}) {
    World with = world();
    with.variables["GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"] = value;
    EXPECT_THAT(fetch(with),
                FailsWith(AllOf(HasSubstr("ALLOW_EXECUTABLES"), HasSubstr("/bin/token tool"))));
  }
}

TEST(ExecutableSubject, TakesATokenOfTheOutputFileThatHasNotExpired) {
  World with = world();
  for (const std::string& stale : {answer("kept", past), std::string("{"), std::string(),
                                   std::string(R"({"version":1,"success":false})")}) {
    with.files["/out"] = stale;
    EXPECT_EQ(fetch(with).value().reveal(), "printed") << stale;
  }
  with.files["/out"] = answer("kept", future);
  EXPECT_EQ(fetch(with).value().reveal(), "kept");
}

TEST(ExecutableSubject, SaysHowTheProgramFailed) {
  World with = world();
  with.commands[command] = {.exit_code = 3, .standard_output = "PLANTED"};
  EXPECT_THAT(fetch(with),
              FailsWith(AllOf(HasSubstr("ended with code 3"), Not(HasSubstr("PLANTED")))));
  with.commands.clear();
  EXPECT_THAT(fetch(with), FailsWith(HasSubstr("not found")));
}

TEST(ExecutableSubject, EndsWithTheCallThatItRunsFor) {
  std::stop_source stop;
  World with = world();
  with.while_one_runs = [&] { stop.request_stop(); };
  const Bench bench(with);
  EXPECT_THAT(read().value().fetch(bench.services(), bench.context(stop.get_token())),
              HasCode(ErrorCode::cancelled));
}

TEST(ExecutableSubject, BelievesNoAnswerThatIsNotWhole) {
  const std::chrono::sys_seconds now{std::chrono::seconds(1795608000)};
  const std::pair<std::string, std::string> cases[] = {
      {"PLANTED", "not a JSON object"},
      {"{}", "no \"version\""},
      {R"({"version":2})", "version 2"},
      {R"({"version":1})", "no \"success\""},
      {R"({"version":1,"success":false,"code":"401","message":"no entry"})", "401: no entry"},
      {R"({"version":1,"success":false})", "without \"code\""},
      {answer("PLANTED", past), "has expired"},
      {R"({"version":1,"success":true,"expiration_time":9999999999})", "no \"token_type\""},
      {R"({"version":1,"success":true,"expiration_time":9999999999,"token_type":"x"})", "\"x\""},
      {answer("", future), "no \"id_token\""}};
  for (const auto& [text, why] : cases) {
    EXPECT_THAT(parse_executable_response(text, true, now),
                FailsWith(AllOf(HasSubstr(why), Not(HasSubstr("PLANTED")))))
        << text;
  }
  const std::string endless =
      R"({"version":1,"success":true,"token_type":"urn:ietf:params:oauth:token-type:saml2",)"
      R"("saml_response":"<saml>"})";
  EXPECT_EQ(parse_executable_response(endless, false, now).value().reveal(), "<saml>");
  EXPECT_THAT(parse_executable_response(endless, true, now),
              FailsWith(HasSubstr("expiration_time")));
}

TEST(ExecutableSubject, HasATimeLimitWithinReason) {
  EXPECT_THAT(read(R"(,"timeout_millis":5000)"), IsOk());
  EXPECT_THAT(read(R"(,"timeout_millis":120000)"), IsOk());
  for (const char* limit : {"4999", "120001", "null", "\"soon\"", "-1"}) {
    EXPECT_THAT(read(std::string(R"(,"timeout_millis":)") + limit),
                FailsWith(HasSubstr("timeout_millis")))
        << limit;
  }
  EXPECT_THAT(read_subject_source(JsonObject::parse(R"({"executable":{}})").value(), {}),
              FailsWith(HasSubstr("no \"command\"")));
}

TEST(ExecutableSubject, SplitsCommandsAtBlanksOutsideOfQuotes) {
  EXPECT_THAT(split_command(R"( a  "b c" d"e f"g "" )"), ElementsAre("a", "b c", "de fg", ""));
  EXPECT_THAT(split_command("a; rm -rf $HOME | b"),
              ElementsAre("a;", "rm", "-rf", "$HOME", "|", "b"));
  EXPECT_TRUE(split_command("  ").empty());
}

}  // namespace
}  // namespace ek::test

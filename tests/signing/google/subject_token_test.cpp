#include "signing/google/subject_token.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Result<SubjectSource> read(const std::string& source) {
  return read_subject_source(JsonObject::parse(source).value(), {.audience = "a"});
}

TEST(SubjectToken, ComesOutOfTextWithoutItsLastLineBreakAndOutOfJson) {
  EXPECT_EQ(subject_token_in("token\r\n", {}, "x").value().reveal(), "token");
  EXPECT_EQ(subject_token_in(" to ken", {}, "x").value().reveal(), " to ken");
  EXPECT_EQ(subject_token_in(R"({"t":"token"})", {.field = "t"}, "x").value().reveal(), "token");
  for (const char* text : {"", "\n"}) {
    EXPECT_THAT(subject_token_in(text, {}, "the place"),
                FailsWith(AllOf(HasSubstr("the place"), HasSubstr("empty"))));
  }
  for (const char* text : {"", "PLANTED", "{}", R"({"t":7})", R"(["t"])", R"({"u":"PLANTED"})"}) {
    EXPECT_THAT(subject_token_in(text, {.field = "t"}, "the place"),
                FailsWith(AllOf(HasSubstr("the place"), Not(HasSubstr("PLANTED")))))
        << text;
  }
}

TEST(SubjectToken, ComesFromOnePlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"{}", "has no \"file\""},
      {R"({"file":"f","url":"https://u"})", "\"file\" and \"url\""},
      {R"({"file":"f","environment_id":"aws1"})", "ambiguous"},
      {R"({"file":"f","executable":{"command":"c"}})", "ambiguous"},
      {R"({"file":"f","format":{"type":"xml"}})", "\"xml\""},
      {R"({"file":"f","format":{"type":"json"}})", "subject_token_field_name"},
      {R"({"url":"file:///etc/passwd"})", "http or https"},
      {R"({"file":"f","certificate":{}})", "ambiguous"}};
  for (const auto& [source, why] : cases) {
    EXPECT_THAT(read(source), AllOf(HasCode(ErrorCode::authentication), FailsWith(HasSubstr(why))))
        << source;
  }
}

TEST(SubjectToken, IsAskedOfAUrlWithTheHeadersOfTheFile) {
  const Bench bench;
  bench.transport->reply({.body = {R"({"access_token":"token"})"}});
  const auto source =
      read(R"({"url":"http://169.254.169.254/metadata/identity/oauth2/token?x=1",)"
           R"("headers":{"Metadata":"True"},)"
           R"("format":{"type":"json","subject_token_field_name":"access_token"}})");
  ASSERT_THAT(source, IsOk());
  EXPECT_EQ(source->description, "the URL http://169.254.169.254/metadata/identity/oauth2/token");
  EXPECT_EQ(source->fetch(bench.services(), bench.context()).value().reveal(), "token");
  const HttpRequest sent = bench.transport->requests()[0];
  EXPECT_EQ(sent.method, "GET");
  EXPECT_EQ(header(sent.headers, "Metadata")->value, "True");
  bench.transport->reply({.status = 404, .body = {"no such identity"}});
  EXPECT_THAT(source->fetch(bench.services(), bench.context()),
              FailsWith(HasSubstr("no such identity")));
}

}  // namespace
}  // namespace ek::test

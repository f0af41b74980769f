#include "signing/token_claims.hpp"

#include "base/base64.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

HttpRequest sent_with(const std::string& claims) {
  const std::string token = base64url_encode("{}") + "." + base64url_encode(claims) + ".UExBTlRFRA";
  return {.headers = {{"authorization", "Bearer " + token, true}}};
}
std::string explain(const std::string& claims) {
  return explain_bearer_refusal(sent_with(claims), azure_scope());
}

TEST(BearerRefusal, NamesAnAudienceThatIsNotTheEndpoints) {
  EXPECT_THAT(
      explain(R"({"aud":"https://management.azure.com","appid":"a"})"),
      AllOf(HasSubstr("the audience https://management.azure.com"),
            HasSubstr("takes https://ml.azure.com"),
            HasSubstr("scope https://ml.azure.com/.default"), Not(HasSubstr("UExBTlRFRA"))));
}

TEST(BearerRefusal, NamesWhoNeedsTheRoleIfTheAudienceIsRight) {
  for (const char* audience :
       {"https://ml.azure.com", "https://ml.azure.com/", "18a66f5f-dbdf-4c17-9dd7-1634712a9cbe"}) {
    EXPECT_EQ(explain(std::string(R"({"oid":"o-1","appid":"a-1","tid":"t-1","aud":")") + audience +
                      R"("})"),
              "the token is that of application a-1 (object id o-1) in tenant t-1")
        << audience;
  }
}

TEST(BearerRefusal, ReadsSeveralAudiences) {
  EXPECT_THAT(explain(R"({"aud":["https://a.example","https://b.example"]})"),
              HasSubstr("https://a.example https://b.example"));
}

TEST(BearerRefusal, SaysNothingAboutWhatItCannotRead) {
  EXPECT_EQ(explain("{}"), "");
  EXPECT_EQ(
      explain_bearer_refusal({.headers = {{"authorization", "Bearer key", true}}}, azure_scope()),
      "");
  EXPECT_EQ(explain_bearer_refusal({}, azure_scope()), "");
  EXPECT_EQ(explain_bearer_refusal(sent_with(R"({"aud":"https://x.example"})"), vertex_scope()),
            "");
}

TEST(TokenClaims, ShowControlCharactersAsQuestionMarks) {
  EXPECT_EQ(parse_token_claims("e30." + base64url_encode("{\"upn\":\"a\\nb\"}") + ".c2ln")->mail,
            "a?b");
  EXPECT_FALSE(parse_token_claims("ya29.opaque"));
}

}  // namespace
}  // namespace ek::test

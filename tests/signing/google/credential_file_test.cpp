#include "signing/google/credential_file.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr auto any = GoogleFileType::any;

const std::string user =
    R"({"type":"authorized_user","client_id":"client-0001","client_secret":"PLANTED-S",)"
    R"("refresh_token":"PLANTED-R"})";
const std::string workforce_user =
    R"({"type":"external_account_authorized_user","audience":"//iam/pool","client_id":"client-0001",)"
    R"("client_secret":"PLANTED-S","refresh_token":"PLANTED-R"})";
const std::string external =
    R"({"type":"external_account","audience":"//iam/pool","subject_token_type":"urn:jwt",)"
    R"("credential_source":{"file":"/token"}})";
const std::string impersonation_url =
    R"("service_account_impersonation_url":"https://iamcredentials.googleapis.com/v1/projects/-/)"
    R"(serviceAccounts/robot@p.iam.gserviceaccount.com:generateAccessToken")";
const std::string impersonated = R"({"type":"impersonated_service_account",)" + impersonation_url +
                                 R"(,"source_credentials":)" + user + "}";

TEST(CredentialFile, MakesAnAccountOfEachType) {
  struct Case {
    std::string file;
    GoogleFileType type;
    std::string description;
  };
  const Case cases[] = {
      {service_account_json(), GoogleFileType::service_account,
       "Google service account robot@p.iam.gserviceaccount.com"},
      {user, GoogleFileType::authorized_user, "Google user of the OAuth client clie…0001"},
      {workforce_user, GoogleFileType::external_account_authorized_user,
       "Google workforce user of //iam/pool"},
      {external, GoogleFileType::external_account,
       "Google federation //iam/pool with a token from the file /token"},
      {impersonated, GoogleFileType::impersonated_service_account,
       "Google service account robot@p.iam.gserviceaccount.com, impersonated by Google user of the "
       "OAuth client clie…0001"}};
  for (const Case& test : cases) {
    for (const GoogleFileType expected : {any, test.type}) {
      const auto account = parse_google_credentials(test.file, expected);
      ASSERT_THAT(account, IsOk());
      EXPECT_EQ((*account)->describe(), test.description);
      EXPECT_EQ((*account)->universe_domain(), "googleapis.com");
      EXPECT_THAT((*account)->cache_key(), Not(HasSubstr("PLANTED")));
    }
    const auto other = test.type == GoogleFileType::authorized_user
                           ? GoogleFileType::service_account
                           : GoogleFileType::authorized_user;
    EXPECT_THAT(parse_google_credentials(test.file, other),
                FailsWith(AllOf(HasSubstr("expected a Google credential file of the type"),
                                Not(HasSubstr("PLANTED")))));
  }
}

TEST(CredentialFile, SaysWhatATextIsInstead) {
  struct Case {
    std::string file, why;
  };
  const Case cases[] = {
      {"", "not a JSON object"},
      {"PLANTED", "not a JSON object"},
      {"{}", "no \"type\""},
      {R"({"type":7})", "no \"type\""},
      {R"({"web":{"client_secret":"PLANTED"}})", "OAuth client"},
      {R"({"installed":{"client_secret":"PLANTED"},"type":"authorized_user"})", "OAuth client"},
      {R"({"type":"gdch_service_account","private_key":"PLANTED"})", "gdch_service_account"},
      {R"({"type":"authorized_user","client_id":"c"})", "no \"client_secret\""},
      {R"({"type":"external_account","audience":"a"})", "no \"subject_token_type\""},
      {R"({"type":"impersonated_service_account"})", "no \"source_credentials\""},
      {R"({"type":"impersonated_service_account","source_credentials":)" + impersonated + "}",
       "impersonate themselves"},
      {R"({"type":"impersonated_service_account","source_credentials":{"type":"x"}})",
       "source_credentials: expected a Google credential file"}};
  for (const Case& test : cases) {
    EXPECT_THAT(parse_google_credentials(test.file, any),
                AllOf(HasCode(ErrorCode::authentication), HasPhase(Phase::credentials),
                      FailsWith(AllOf(HasSubstr(test.why), Not(HasSubstr("PLANTED"))))))
        << test.file;
  }
}

TEST(CredentialFile, RefusesEveryUrlThatIsNotGoogles) {
  const auto with = [](std::string file, const std::string& member) {
    return file.insert(1, "\"" + member + "\":\"https://evil.example/v1\",");
  };
  const std::pair<std::string, std::string> cases[] = {
      {user, "token_uri"},
      {workforce_user, "token_url"},
      {external, "token_url"},
      {external, "service_account_impersonation_url"}};
  for (const auto& [file, member] : cases) {
    EXPECT_THAT(parse_google_credentials(with(file, member), any),
                FailsWith(AllOf(HasSubstr(member), HasSubstr("evil.example"))));
  }
  std::string nested = impersonated;
  nested.replace(nested.find("https://iamcredentials"), 8, "https://evil.example/?");
  EXPECT_THAT(parse_google_credentials(nested, any),
              FailsWith(HasSubstr("service_account_impersonation_url")));
}

TEST(Credentials, TakesAGoogleFileOfTheTypeThatIsExpected) {
  const auto made = Credentials::google_from_json({user}, GoogleFileType::authorized_user);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->describe(), "Google user of the OAuth client clie…0001");
  EXPECT_THAT(Credentials::google_from_json({external}, GoogleFileType::service_account),
              FailsWith(HasSubstr("workload identity federation")));
}

}  // namespace
}  // namespace ek::test

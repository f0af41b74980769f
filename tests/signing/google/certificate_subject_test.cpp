#include "signing/google/certificate_subject.hpp"

#include "base/base64.hpp"
#include "base/uri.hpp"
#include "signing/google/credential_file.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string pem(const std::string& der) {
  return "-----BEGIN CERTIFICATE-----\r\n" + base64_encode(der).insert(4, "\r\n") +
         "\n-----END CERTIFICATE-----\n";
}
constexpr const char* config =
    R"({"cert_configs":{"workload":{"cert_path":"/c","key_path":"/k"}}})";

std::string file(const std::string& certificate, const std::string& more = "") {
  return R"({"type":"external_account","audience":"//iam/pool",)"
         R"("subject_token_type":"urn:ietf:params:oauth:token-type:mtls",)"
         R"("credential_source":{"certificate":)" +
         certificate + "}" + more + "}";
}
constexpr const char* by_default = R"({"use_default_certificate_config":true})";

struct CertificateSubject : testing::Test {
  Result<Token> fetch(const std::string& text, World world) {
    bench.emplace(std::move(world));
    bench->transport->handle([](const HttpRequest&) {
      return ScriptedReply{.body = {R"({"access_token":"t","expires_in":3600})"}};
    });
    auto account = parse_google_credentials(text, GoogleFileType::external_account);
    if (!account) return std::move(account).error();
    return (*account)->fetch_access_token("scope", bench->services(), bench->context());
  }
  [[nodiscard]] std::string sent_token() const {
    const auto form = parse_uri("x://h?" + bench->transport->requests().at(0).body).value().query;
    for (const auto& [name, value] : form) {
      if (name == "subject_token") return value;
    }
    return "";
  }
  std::optional<Bench> bench;
};

std::string array_of(std::initializer_list<const char*> certificates) {
  std::string out;
  for (const char* der : certificates)
    out += (out.empty() ? "[\"" : ",\"") + base64_encode(der) + "\"";
  return out + "]";
}

TEST_F(CertificateSubject, IsShownAndNamedWhereverTheConfigurationLies) {
  const World worlds[] = {
      {.variables = {{"GOOGLE_API_CERTIFICATE_CONFIG", "/cfg"}},
       .files = {{"/cfg", config}, {"/c", pem("leaf DER")}}},
      {.variables = {{"CLOUDSDK_CONFIG", "/sdk"}},
       .files = {{"/sdk/certificate_config.json", config}, {"/c", pem("leaf DER")}}},
      {.variables = {{"HOME", "/home"}},
       .files = {{"/home/.config/gcloud/certificate_config.json", config},
                 {"/c", pem("leaf DER")}}},
      {.files = {{"/own.json", config}, {"/c", pem("leaf DER")}}},
  };
  for (const World& world : worlds) {
    const bool own = world.variables.empty();
    const auto token =
        fetch(file(own ? R"({"certificate_config_location":"/own.json"})" : by_default), world);
    ASSERT_THAT(token, IsOk());
    const HttpRequest sent = bench->transport->requests().at(0);
    EXPECT_EQ(sent.url, "https://sts.mtls.googleapis.com/v1/token");
    EXPECT_EQ(sent_token(), array_of({"leaf DER"}));
    const TlsIdentity shown = bench->transport->transfers().at(0).tls.client_certificate;
    EXPECT_EQ(shown.file, "/c");
    EXPECT_EQ(shown.key_file, "/k");
  }
}

TEST_F(CertificateSubject, TakesItsTrustChain) {
  const std::string source = R"({"use_default_certificate_config":true,"trust_chain_path":"/t"})";
  const auto with_chain = [](const std::string& chain) {
    return World{.variables = {{"GOOGLE_API_CERTIFICATE_CONFIG", "/cfg"}},
                 .files = {{"/cfg", config}, {"/c", pem("leaf DER")}, {"/t", chain}}};
  };
  for (const std::string& chain :
       {pem("inter") + pem("root 1"), pem("leaf DER") + pem("inter") + pem("root 1")}) {
    ASSERT_THAT(fetch(file(source), with_chain(chain)), IsOk());
    EXPECT_EQ(sent_token(), array_of({"leaf DER", "inter", "root 1"}));
  }
  EXPECT_THAT(fetch(file(source), with_chain(pem("inter") + pem("leaf DER"))),
              FailsWith(HasSubstr("elsewhere than first")));
  EXPECT_THAT(fetch(file(source), with_chain("none")),
              FailsWith(HasSubstr("expected a PEM certificate in \"/t\"")));
  EXPECT_EQ(bench->transport->request_count(), 0u);
}

TEST_F(CertificateSubject, GoesWhereItsFileSaysIfThatIsTrusted) {
  const World world{.files = {{"/own.json", config}, {"/c", pem("leaf DER")}}};
  const char* source = R"({"certificate_config_location":"/own.json"})";
  ASSERT_THAT(
      fetch(file(source, R"(,"token_url":"https://sts.mtls.europe-west4.rep.googleapis.com/v1/t")"),
            world),
      IsOk());
  EXPECT_THAT(fetch(file(source, R"(,"token_url":"https://sts.example/v1/token")"), world),
              FailsWith(HasSubstr("token_url")));
}

TEST_F(CertificateSubject, SaysWhatIsWrongWithIt) {
  const std::map<std::string, std::string> set = {{"GOOGLE_API_CERTIFICATE_CONFIG", "/cfg"}};
  struct Case {
    std::string certificate;
    World world;
    const char* said;
  };
  const Case cases[] = {
      {"7", {}, "is no object"},
      {"{}", {}, "needs either"},
      {R"({"use_default_certificate_config":false})", {}, "needs either"},
      {R"({"use_default_certificate_config":true,"certificate_config_location":"/x"})",
       {},
       "needs either"},
      {by_default, {}, "neither GOOGLE_API_CERTIFICATE_CONFIG nor a home folder"},
      {by_default, {.variables = set}, "/cfg"},
      {by_default, {.variables = set, .files = {{"/cfg", "PLANTED"}}}, "\"cert_path\""},
      {by_default,
       {.variables = set, .files = {{"/cfg", R"({"cert_configs":{"workload":{}}})"}}},
       "\"key_path\""},
      {by_default, {.variables = set, .files = {{"/cfg", config}}}, "/c"},
      {by_default,
       {.variables = set, .files = {{"/cfg", config}, {"/c", "PLANTED"}}},
       "expected a PEM certificate in \"/c\""},
      {by_default,
       {.variables = set,
        .files = {{"/cfg", config}, {"/c", "-----BEGIN CERTIFICATE-----\nAAAA\n"}}},
       "certificate 1 of \"/c\" is damaged"},
  };
  for (const Case& c : cases) {
    const auto token = fetch(file(c.certificate), c.world);
    EXPECT_THAT(token, HasCode(ErrorCode::authentication)) << c.said;
    EXPECT_THAT(token, FailsWith(testing::AllOf(HasSubstr(c.said), Not(HasSubstr("PLANTED")))));
    EXPECT_EQ(bench->transport->request_count(), 0u);
  }
}

TEST_F(CertificateSubject, IsToldAsTheOriginOfTheIdentity) {
  const auto account =
      parse_google_credentials(file(by_default), GoogleFileType::external_account).value();
  EXPECT_THAT(account->describe(),
              HasSubstr("the client certificate of GOOGLE_API_CERTIFICATE_CONFIG"));
}

}  // namespace
}  // namespace ek::test

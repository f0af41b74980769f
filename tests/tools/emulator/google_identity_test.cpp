// Google's metadata server, token exchange and impersonation.
#include "emulator_fixture.hpp"

namespace ek::emulator {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class GoogleIdentityTest : public EmulatorTest {
 protected:
  Got predict(const std::string& token) const {
    return post(
        "/v1/projects/emulated-project/locations/us-central1/publishers/google/models/m:"
        "generateContent",
        bearer(token), R"({"contents":[{"role":"user","parts":[{"text":"Hi"}]}]})");
  }
};

TEST_F(GoogleIdentityTest, MetadataServerGivesTokensToWhomSpeaksItsFlavor) {
  start_at("adc-metadata");
  EXPECT_EQ(variable("GOOGLE_APPLICATION_CREDENTIALS"), "");
  EXPECT_EQ("http://" + variable("GCE_METADATA_HOST"), emulator_->base_url());
  const std::string account = "/computeMetadata/v1/instance/service-accounts/default/";
  const httplib::Headers flavored = {{"Metadata-Flavor", "Google"}};
  EXPECT_EQ(send("GET", "/", flavored, "").header("Metadata-Flavor"), "Google");
  const Got token = send("GET", account + "token", flavored, "");
  EXPECT_EQ(token.header("Metadata-Flavor"), "Google");
  EXPECT_EQ(predict(token.parsed()["access_token"].get<std::string>()).status, 200);
  EXPECT_THAT(send("GET", account + "email", flavored, "").body,
              HasSubstr(".iam.gserviceaccount.com"));
  EXPECT_EQ(send("GET", account + "token", {}, "").status, 403);
  EXPECT_EQ(send("GET", account + "token",
                 {{"Metadata-Flavor", "Google"}, {"X-Forwarded-For", "1.2.3.4"}}, "")
                .status,
            403);
  EXPECT_EQ(send("GET", "/computeMetadata/v1/nothing", flavored, "").status, 404);
}

TEST_F(GoogleIdentityTest, MetadataServerKeepsToTheScopesThatAreAsked) {
  const Got token = send("GET",
                         "/computeMetadata/v1/instance/service-accounts/default/token"
                         "?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fpubsub",
                         {{"Metadata-Flavor", "Google"}}, "");
  EXPECT_EQ(predict(token.parsed()["access_token"].get<std::string>()).status, 403);
}

class Federation : public GoogleIdentityTest {
 protected:
  void SetUp() override {
    start_at("external-account");
    file_ = json::parse(read(variable("GOOGLE_APPLICATION_CREDENTIALS")));
    fields_ = {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
               {"audience", file_["audience"].get<std::string>()},
               {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
               {"subject_token_type", file_["subject_token_type"].get<std::string>()},
               {"scope", "https://www.googleapis.com/auth/cloud-platform"},
               {"subject_token", read(file_["credential_source"]["file"].get<std::string>())}};
  }
  Got exchange() const { return post_form("/v1/token", fields_); }
  Got exchange_with(const std::string& name, const std::string& value) const {
    auto fields = fields_;
    fields[name] = value;
    return post_form("/v1/token", fields);
  }
  Got impersonate(const std::string& token, const std::string& body) const {
    const std::string url = file_["service_account_impersonation_url"].get<std::string>();
    return post(url.substr(emulator_->base_url().size()), bearer(token), body);
  }
  json file_;
  std::map<std::string, std::string> fields_;
};

const std::string wanted =
    R"({"scope":["https://www.googleapis.com/auth/cloud-platform"],"lifetime":"3600s"})";

TEST_F(Federation, ExchangesTheTokenOfAWorkloadAndImpersonates) {
  const Got federated = exchange();
  ASSERT_EQ(federated.status, 200) << federated.body;
  EXPECT_EQ(federated.parsed()["issued_token_type"],
            "urn:ietf:params:oauth:token-type:access_token");
  const Got token = impersonate(federated.parsed()["access_token"].get<std::string>(), wanted);
  ASSERT_EQ(token.status, 200) << token.body;
  EXPECT_EQ(predict(token.parsed()["accessToken"].get<std::string>()).status, 200);
}

TEST_F(Federation, RefusesWhatIsNotTheWorkloads) {
  EXPECT_EQ(exchange_with("subject_token", "x.y.z").parsed()["error"], "invalid_grant");
  EXPECT_EQ(exchange_with("audience", "//iam.googleapis.com/other").parsed()["error"],
            "invalid_target");
  EXPECT_EQ(exchange_with("grant_type", "password").parsed()["error"], "invalid_grant");
  EXPECT_EQ(exchange_with("subject_token_type", "urn:other").parsed()["error"], "invalid_grant");
  EXPECT_EQ(exchange_with("scope", "").parsed()["error"], "invalid_scope");
  clock_.advance(24h);
  EXPECT_THAT(exchange().parsed()["error_description"].get<std::string>(), HasSubstr("expired"));
}

TEST_F(Federation, ImpersonatesOneAccountForAnHourAtMost) {
  const std::string token = exchange().parsed()["access_token"].get<std::string>();
  EXPECT_EQ(impersonate("other", wanted).status, 401);
  EXPECT_EQ(impersonate(token, R"({"scope":[]})").status, 400);
  EXPECT_EQ(impersonate(token, R"({"scope":["s"],"lifetime":"3601s"})").status, 400);
  EXPECT_EQ(impersonate(token, "[]").status, 400);
  const Got other =
      post("/v1/projects/-/serviceAccounts/a@b.example:generateAccessToken", bearer(token), wanted);
  EXPECT_EQ(other.status, 403);
  EXPECT_THAT(other.body, HasSubstr("iam.serviceAccounts.getAccessToken"));
}

TEST_F(Federation, TakesASignedRequestToAws) {
  const std::string target = fields_["audience"];
  const std::string url =
      "https://sts.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";
  const HttpRequest request{.url = url,
                            .headers = {{"x-goog-cloud-target-resource", target},
                                        {"host", "sts.us-east-1.amazonaws.com"}}};
  Sha256 sha;
  const AwsKeys keys = aws_proof().keys;
  const auto time = std::chrono::floor<std::chrono::seconds>(clock_.now());
  const SigV4Trace trace = sign_sigv4(sha, sigv4_request(request).value(),
                                      make_sigv4_context(sha, keys, "us-east-1", "sts", time),
                                      {.signs = [](std::string_view) noexcept { return true; }});
  json subject = {{"url", url}, {"method", "POST"}, {"headers", json::array()}};
  for (const auto* headers : {&request.headers, &trace.headers}) {
    for (const Header& header : *headers)
      subject["headers"].push_back({{"key", header.name}, {"value", header.value}});
  }
  fields_["subject_token_type"] = "urn:ietf:params:aws:token-type:aws4_request";
  fields_["subject_token"] = percent_encode(subject.dump());
  EXPECT_EQ(exchange().status, 200) << exchange().body;
  subject["headers"][0]["value"] = "//iam.googleapis.com/other";
  EXPECT_EQ(exchange_with("subject_token", percent_encode(subject.dump())).parsed()["error"],
            "invalid_grant");
  clock_.advance(6min);
  EXPECT_THAT(exchange().parsed()["error_description"].get<std::string>(), HasSubstr("expired"));
}

}  // namespace
}  // namespace ek::emulator

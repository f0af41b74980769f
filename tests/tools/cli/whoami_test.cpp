#include "tools/cli/whoami.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/fake_transport.hpp"
#include "support/test_environment.hpp"

namespace ek::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class WhoamiCommand : public testing::Test {
 protected:
  ExitCode run(const std::string& uri, const std::map<std::string, std::string>& variables,
               WhoamiArguments arguments = {}) {
    ClientOptions options{.transport = transport_,
                          .environment = test::make_environment(clock_, {.variables = variables})};
    const auto endpoint = Client(std::move(options)).open(uri);
    EXPECT_TRUE(endpoint) << describe(endpoint.error());
    return endpoint ? whoami(*endpoint, arguments, out_, err_) : user_error;
  }
  std::shared_ptr<test::ManualClock> clock_ = std::make_shared<test::ManualClock>();
  std::shared_ptr<test::FakeTransport> transport_ = std::make_shared<test::FakeTransport>(clock_);
  std::ostringstream out_, err_;
};

const std::map<std::string, std::string> aws_keys = {{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                                                     {"AWS_SECRET_ACCESS_KEY", "planted-secret"}};
const std::map<std::string, std::string> application = {{"AZURE_TENANT_ID", "my-tenant"},
                                                        {"AZURE_CLIENT_ID", "my-client"},
                                                        {"AZURE_CLIENT_SECRET", "planted-secret"}};
const std::string azure_uri = "azureml://e.westeurope.inference.ml.azure.com/score";

TEST_F(WhoamiCommand, ShowsThePlaceThatAnswered) {
  EXPECT_EQ(run("sagemaker://eu-west-1/e", aws_keys), success) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("yes environment variables: AWS access key AKID…MPLE"));
  EXPECT_THAT(out_.str(), HasSubstr("looks at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"));
  EXPECT_THAT(out_.str(), HasSubstr("identity: AWS access key AKID…MPLE from the environment\n"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("planted")));
}

TEST_F(WhoamiCommand, SaysHowLongATokenLives) {
  transport_->reply({.body = {R"({"access_token":"planted-token","expires_in":3599})"}});
  EXPECT_EQ(run(azure_uri, application), success) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("identity: Azure application my-client in tenant my-tenant\n"));
  EXPECT_THAT(out_.str(), testing::ContainsRegex("until:    20[0-9-]*T[0-9:]*Z"));
  EXPECT_THAT(out_.str() + err_.str(), Not(HasSubstr("planted")));
}

TEST_F(WhoamiCommand, PrintsOneJsonObject) {
  transport_->reply({.body = {R"({"access_token":"planted-token","expires_in":3599})"}});
  EXPECT_EQ(run(azure_uri, application, {.json = true}), success) << err_.str();
  const json told = json::parse(out_.str());
  EXPECT_EQ(told["links"][0]["outcome"], "not configured");
  EXPECT_EQ(told["links"][0]["looked_at"], json::array({"AZUREML_ENDPOINT_API_KEY"}));
  EXPECT_EQ(told["identity"], "Azure application my-client in tenant my-tenant");
  EXPECT_TRUE(told["expires"].is_string());
  EXPECT_TRUE(told["error"].is_null());
}

TEST_F(WhoamiCommand, ExplainsARefusalWithTheExitCodeOfACall) {
  const std::string refusal =
      R"({"error":"invalid_client","error_description":"AADSTS7000215: planted-secret is wrong"})";
  transport_->reply({.status = 401, .body = {refusal}});
  EXPECT_EQ(run(azure_uri, application), provider_error);
  EXPECT_THAT(out_.str(), HasSubstr("ERR"));
  EXPECT_THAT(err_.str(), HasSubstr("AADSTS7000215"));
  EXPECT_THAT(out_.str() + err_.str(), Not(HasSubstr("planted")));
}

TEST_F(WhoamiCommand, NamesWhatIsHalfConfigured) {
  EXPECT_EQ(run("sagemaker://eu-west-1/e", {{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"}}, {.json = true}),
            user_error);
  const json told = json::parse(out_.str());
  const auto failed =
      std::find_if(told["links"].begin(), told["links"].end(),
                   [](const json& link) { return link["name"] == "environment variables"; });
  ASSERT_NE(failed, told["links"].end());
  EXPECT_EQ((*failed)["outcome"], "failed");
  EXPECT_THAT((*failed)["message"].get<std::string>(), HasSubstr("AWS_SECRET_ACCESS_KEY"));
  EXPECT_TRUE(told["identity"].is_null());
  EXPECT_EQ(told["error"]["code"], "authentication");
}

TEST_F(WhoamiCommand, RefusesAUriThatOpensNothing) {
  EXPECT_EQ(whoami_command({.uri = "nowhere://x"}, out_, err_), user_error);
}

}  // namespace
}  // namespace ek::cli

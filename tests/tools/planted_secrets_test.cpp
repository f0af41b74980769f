// No secret shows, wherever it is from and whatever goes wrong: every source of every cloud with
// recognisable secrets, against servers that echo all they were sent, in every way to fail; and
// everything that a human gets to see of it.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "dialect/json_text.hpp"
#include "endpointkit/endpoint.hpp"
#include "support/fake_transport.hpp"
#include "support/test_data.hpp"
#include "support/test_environment.hpp"
#include "tools/cli/decode.hpp"
#include "tools/cli/scoped_variables.hpp"
#include "tools/cli/sign.hpp"
#include "tools/cli/whoami.hpp"

namespace ek {
namespace {

using test::ScriptedReply;
using test::World;

// With characters that are encoded on the way, each way another.
const std::string planted = "PLANTED+/s3cr3t~=";

std::string read(const std::string& name) {
  std::ifstream file(test::test_data() + "/keys/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) c == '\n' ? out += "\\n" : out += c;
  return out;
}
// A piece of the private key that no message has any business to hold.
std::string key_piece() { return read("rsa_pkcs8.pem").substr(200, 40); }

struct Source {
  std::string name;
  std::string uri;
  World world;
};
void PrintTo(const Source& source, std::ostream* out) { *out << source.name; }

const std::string sagemaker = "sagemaker://eu-west-1/e";
const std::string vertex = "vertex://p/us-central1/publishers/google/models/m";
const std::string azure_ml = "azureml://e.westeurope.inference.ml.azure.com/score";

World with(std::map<std::string, std::string> variables,
           std::map<std::string, std::string> files = {}) {
  variables.emplace("HOME", "/home/me");
  return {.variables = std::move(variables), .files = std::move(files)};
}
World with_config(const std::string& config) {
  return with({{"AWS_CONFIG_FILE", "/aws"}, {"AWS_EC2_METADATA_DISABLED", "true"}},
              {{"/aws", config}, {"/token", planted}});
}
World with_google_file(const std::string& json) {
  return with({{"GOOGLE_APPLICATION_CREDENTIALS", "/google"}},
              {{"/google", json}, {"/token", planted}});
}
World with_azure(std::map<std::string, std::string> variables) {
  return with(std::move(variables),
              {{"/token", planted},
               {"/pem", read("rsa_pkcs8.pem") + read("client_certificates.pem")},
               {"/var/opt/azcmagent/tokens/a.key", planted}});
}

std::string external_account(const std::string& source) {
  return R"({"type":"external_account","audience":"//iam.googleapis.com/a","subject_token_type":)"
         R"("urn:ietf:params:oauth:token-type:jwt","token_url":"https://sts.googleapis.com/v1/token",)"
         R"("client_id":"c","client_secret":")" +
         planted +
         R"(","service_account_impersonation_url":"https://iamcredentials.googleapis.com)"
         R"(/v1/projects/-/serviceAccounts/a@b.iam.gserviceaccount.com:)"
         R"(generateAccessToken","credential_source":)" +
         source + "}";
}
std::string service_account() {
  return R"({"type":"service_account","project_id":"p","private_key_id":"k","private_key":")" +
         escaped(read("rsa_pkcs8.pem")) +
         R"(","client_email":"a@p.iam.gserviceaccount.com",)"
         R"("token_uri":"https://oauth2.googleapis.com/token"})";
}

std::vector<Source> aws_sources() {
  const std::string keys =
      "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = " + planted + "\n";
  return {
      {"environment", sagemaker,
       with({{"AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"},
             {"AWS_SECRET_ACCESS_KEY", planted},
             {"AWS_SESSION_TOKEN", planted}})},
      {"half_environment", sagemaker, with({{"AWS_SECRET_ACCESS_KEY", planted}})},
      {"broken_environment", sagemaker,
       with({{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", planted + "\n"}})},
      {"profile", sagemaker, with_config("[default]\n" + keys)},
      {"broken_profile", sagemaker, with_config("[default\n" + keys)},
      {"role", sagemaker,
       with_config("[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = b\n"
                   "external_id = x\n[profile b]\n" +
                   keys)},
      {"process", sagemaker, with_config("[default]\ncredential_process = prog --secret\n")},
      {"sso", sagemaker,
       with_config("[default]\nsso_session = emulated\nsso_account_id = 1\nsso_role_name = r\n"
                   "[sso-session emulated]\nsso_region = eu-west-1\nsso_start_url = https://s\n")},
      {"web_identity", sagemaker,
       with({{"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"}, {"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"}},
            {{"/token", planted}})},
      {"container", sagemaker,
       with({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/x"},
             {"AWS_CONTAINER_AUTHORIZATION_TOKEN", planted}})},
      {"imds", sagemaker, with({})}};
}

std::vector<Source> google_sources() {
  return {{"service_account", vertex, with_google_file(service_account())},
          {"broken_service_account", vertex,
           with_google_file(R"({"type":"service_account","private_key":")" + planted + "\"}")},
          {"no_json", vertex, with_google_file(planted)},
          {"authorized_user", vertex,
           with_google_file(R"({"type":"authorized_user","client_id":"c","client_secret":")" +
                            planted + R"(","refresh_token":")" + planted + "\"}")},
          {"file_subject", vertex, with_google_file(external_account(R"({"file":"/token"})"))},
          {"url_subject", vertex,
           with_google_file(external_account(R"({"url":"https://127.0.0.1:1/t","headers":)"
                                             R"({"x-key":")" +
                                             planted + R"("}})"))},
          {"untrusted_url", vertex,
           with_google_file(R"({"type":"authorized_user","client_id":"c","client_secret":")" +
                            planted + R"(","refresh_token":")" + planted +
                            R"(","token_uri":"https://evil.example/?k=)" + planted + "\"}")},
          {"metadata", vertex, with({{"GCE_METADATA_HOST", "127.0.0.1:1"}})}};
}

std::vector<Source> azure_sources() {
  const std::map<std::string, std::string> application = {{"AZURE_TENANT_ID", "t"},
                                                          {"AZURE_CLIENT_ID", "c"}};
  const auto also = [&](std::map<std::string, std::string> more) {
    more.insert(application.begin(), application.end());
    return more;
  };
  return {
      {"key", azure_ml, with_azure({{"AZUREML_ENDPOINT_API_KEY", planted}})},
      {"broken_key", azure_ml, with_azure({{"AZUREML_ENDPOINT_API_KEY", planted + "\r\nx: y"}})},
      {"client_secret", azure_ml, with_azure(also({{"AZURE_CLIENT_SECRET", planted}}))},
      {"half_application", azure_ml, with_azure({{"AZURE_CLIENT_SECRET", planted}})},
      {"certificate", azure_ml, with_azure(also({{"AZURE_CLIENT_CERTIFICATE_PATH", "/pem"}}))},
      {"no_certificate", azure_ml,
       with_azure(also({{"AZURE_CLIENT_CERTIFICATE_PATH", "/token"},
                        {"AZURE_CLIENT_CERTIFICATE_PASSWORD", planted}}))},
      {"workload", azure_ml, with_azure(also({{"AZURE_FEDERATED_TOKEN_FILE", "/token"}}))},
      {"managed", azure_ml, with_azure({})},
      {"app_service", azure_ml,
       with_azure({{"IDENTITY_ENDPOINT", "http://127.0.0.1:1/msi"}, {"IDENTITY_HEADER", planted}})},
      {"arc", azure_ml,
       with_azure({{"IDENTITY_ENDPOINT", "http://127.0.0.1:40342/t"},
                   {"IMDS_ENDPOINT", "http://127.0.0.1:40342"}})}};
}

std::vector<Source> all_sources() {
  std::vector<Source> all = aws_sources();
  for (const auto& more : {google_sources(), azure_sources()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

// All that was sent, as a debugging proxy shows it.
std::string echo(const HttpRequest& request) {
  std::string text = request.method + ' ' + request.url + '\n';
  for (const Header& header : request.headers) text += header.name + ": " + header.value + '\n';
  return text + '\n' + request.body;
}
// What every token service could answer, all at once; JSON of one, XML of another.
std::string tokens() {
  const std::string secret = '"' + planted + '"';
  return R"({"access_token":)" + secret + R"(,"accessToken":)" + secret +
         R"(,"expireTime":"2027-01-01T00:00:00Z","expires_in":3600,"token_type":"Bearer",)"
         R"("expires_on":"1895608000","AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":)" +
         secret + R"(,"Token":)" + secret + R"(,"SessionToken":)" + secret +
         R"(,"Code":"Success","Expiration":"2027-01-01T00:00:00Z","Version":1})";
}

struct Behaviour {
  const char* name;
  ScriptedReply (*answer)(const HttpRequest& request);
};
bool is_model(const HttpRequest& request) {
  return request.url.find("/invocations") != std::string::npos ||
         request.url.find("generateContent") != std::string::npos ||
         request.url.find("/score") != std::string::npos;
}
ScriptedReply text(int status, std::string body) {
  return {.status = status,
          .headers = {{"content-type", "text/plain"},
                      {"WWW-Authenticate", "Basic realm=/var/opt/azcmagent/tokens/a.key"}},
          .body = {std::move(body)}};
}
ScriptedReply refusal(const HttpRequest& request, int status) {
  return text(status, R"({"error":"invalid_request","error_description":")" +
                          escaped(echo(request)) + R"(","message":")" + escaped(echo(request)) +
                          "\"}");
}
constexpr auto behaviours = std::to_array<Behaviour>(
    {{"refuses with 400", [](const HttpRequest& request) { return refusal(request, 400); }},
     {"refuses with 401", [](const HttpRequest& request) { return refusal(request, 401); }},
     {"refuses with 403", [](const HttpRequest& request) { return refusal(request, 403); }},
     {"fails with 500", [](const HttpRequest& request) { return text(500, echo(request)); }},
     {"answers with an echo", [](const HttpRequest& request) { return text(200, echo(request)); }},
     {"answers with nothing", [](const HttpRequest&) { return text(200, ""); }},
     {"cannot be reached", [](const HttpRequest&) { return test::refused_connection(); }},
     {"gives tokens that the model refuses",
      [](const HttpRequest& request) {
        return is_model(request) ? refusal(request, 401) : text(200, tokens());
      }},
     {"gives tokens that may not call the model", [](const HttpRequest& request) {
        return is_model(request) ? refusal(request, 403) : text(200, tokens());
      }}});

// Programs that fail and print a secret where they print tokens.
Result<CommandOutput> run_program(const std::vector<std::string>&, std::chrono::milliseconds,
                                  const std::stop_token&) {
  return CommandOutput{
      .exit_code = 1, .standard_output = planted, .standard_error = "not signed in"};
}

class PlantedSecrets : public testing::TestWithParam<Source> {
 protected:
  [[nodiscard]] Result<Endpoint> open(const Behaviour& behaviour) const {
    auto clock = std::make_shared<test::ManualClock>();
    auto transport = std::make_shared<test::FakeTransport>(clock);
    transport->handle(behaviour.answer);
    Environment environment = *test::make_environment(clock, GetParam().world);
    environment.run_command = run_program;
    const Client client({.retry = {.max_attempts = 1},
                         .transport = transport,
                         .environment = std::make_shared<const Environment>(environment)});
    return client.open(GetParam().uri);
  }
  static std::string told(const Error& error) {
    return describe(error) + error.provider_body + error.reason + dialect::to_json(error);
  }
  static std::string seen(const Result<Endpoint>& opened) {
    if (!opened) return told(opened.error());
    const Endpoint& endpoint = *opened;
    std::ostringstream out;
    const auto reply = endpoint.invoke({.body = "{}"});
    if (!reply) out << told(reply.error());
    out << endpoint.describe_credentials() << endpoint.uri();
    cli::whoami(endpoint, {.ask = true}, out, out);
    cli::whoami(endpoint, {.ask = true, .json = true}, out, out);
    const auto identity = endpoint.fetch_identity();
    out << (identity ? *identity : told(identity.error()));
    return out.str();
  }
};

TEST_P(PlantedSecrets, ShowNowhere) {
  for (const Behaviour& behaviour : behaviours) {
    const std::string all = seen(open(behaviour));
    EXPECT_FALSE(all.empty());
    for (const std::string& secret : {std::string("PLANTED"), std::string("s3cr3t"), key_piece()}) {
      const auto at = all.find(secret);
      EXPECT_EQ(at, std::string::npos)
          << "a server " << behaviour.name << ": …"
          << all.substr(at < 200 ? 0 : at - 200, at == std::string::npos ? 0 : 300) << "…";
    }
  }
}

// The commands that work on a file see the secrets of the process's own environment.
class PlantedSecretsOfTheProcess : public testing::Test {
 protected:
  PlantedSecretsOfTheProcess() {
    variables_.set({{"AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"},
                    {"AWS_SECRET_ACCESS_KEY", planted},
                    {"AWS_SESSION_TOKEN", planted},
                    {"AWS_REGION", "eu-west-1"},
                    {"AZUREML_ENDPOINT_API_KEY", planted}});
  }
  void expect_nothing_seen() const {
    const std::string all = out_.str() + err_.str();
    EXPECT_NE(all, "");
    for (const char* secret : {"PLANTED", "s3cr3t"})
      EXPECT_THAT(all, testing::Not(testing::HasSubstr(secret)));
  }
  test::ScopedVariables variables_;
  std::ostringstream out_, err_;
};

TEST_F(PlantedSecretsOfTheProcess, AreNotShownBySigning) {
  const std::string head = "POST /endpoints/e/invocations HTTP/1.1\r\nHost: h.example\r\n";
  const std::string requests[] = {head + "Content-Type: text/plain\r\n\r\nbody",
                                  head + "X-Amz-Security-Token: " + planted +
                                      "\r\nAuthorization: Bearer " + planted +
                                      "\r\nX-Amz-Date: 20200101T000000Z\r\n\r\n",
                                  "POST /", ""};
  for (const std::string& request : requests) {
    for (const int expires : {0, 60, -1}) {
      std::istringstream in(request);
      cli::sign_command({.file = "-", .service = "sagemaker", .expires_seconds = expires}, in, out_,
                        err_);
      std::istringstream other(request);
      cli::sign_command({.file = "-", .service = "sagemaker", .time = "soon"}, other, out_, err_);
    }
  }
  EXPECT_THAT(out_.str(), testing::HasSubstr("x-amz-security-token"));
  expect_nothing_seen();
}

TEST_F(PlantedSecretsOfTheProcess, AreNotShownByDecoding) {
  for (const char* body :
       {"data: {\"error\":{\"message\":\"no\",\"code\":401}}\n\n", "data: [DONE]\n\n", "{\"a\":"}) {
    for (const char* dialect : {"auto", "openai", "gemini", "no such"}) {
      std::istringstream in(body);
      cli::run_decode({.dialect = dialect}, in, out_, err_);
    }
  }
  expect_nothing_seen();
}

INSTANTIATE_TEST_SUITE_P(Sources, PlantedSecrets, testing::ValuesIn(all_sources()),
                         [](const auto& instance) {
                           const std::string& uri = instance.param.uri;
                           return uri.substr(0, uri.find(':')) + "_" + instance.param.name;
                         });

}  // namespace
}  // namespace ek

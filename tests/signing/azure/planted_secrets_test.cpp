// No secret that an Azure identity holds, is given or fetches may show in an error or a name.
#include "endpointkit/credentials.hpp"
#include "signing/azure/azure_fixture.hpp"
#include "signing/azure/managed_host.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* planted = "PLANTED-SECRET";

std::string pem() {
  return data_file("keys/client_certificates.pem") + data_file("keys/rsa_pkcs8.pem");
}

std::vector<Credentials> all_kinds() {
  const Credentials application =
      Credentials::azure_client_secret({"t", "c", Secret(planted)}).value();
  const AzureMlEndpoint endpoint{"s", "g", "w", "e"};
  return {application,
          Credentials::azure_certificate({.tenant_id = "t",
                                          .client_id = "c",
                                          .certificate = Secret(pem()),
                                          .password = Secret(planted)})
              .value(),
          Credentials::azure_certificate({.tenant_id = "t",
                                          .client_id = "c",
                                          .certificate_path = "/cert",
                                          .password = Secret(planted)})
              .value(),
          Credentials::azure_federated(
              {.tenant_id = "t", .client_id = "c", .assertion = [] { return Secret(planted); }})
              .value(),
          Credentials::azure_workload_identity(),
          Credentials::azure_managed_identity().value(),
          Credentials::azure_managed_identity({.client_id = "c"}).value(),
          Credentials::azure_cli().value(),
          Credentials::azure_developer_cli().value(),
          Credentials::azure_power_shell().value(),
          Credentials::azure_default(),
          Credentials::azure_ml_key(endpoint, application).value(),
          Credentials::azure_ml_token(endpoint, application).value()};
}

std::vector<World> worlds() {
  const std::map<std::string, std::string> files = {
      {"/token", planted}, {"/cert", planted}, {"/var/opt/azcmagent/tokens/a.key", planted}};
  const std::map<std::string, std::string> pod = {
      {"AZURE_TENANT_ID", "t"}, {"AZURE_CLIENT_ID", "c"}, {"AZURE_FEDERATED_TOKEN_FILE", "/token"}};
  const std::map<std::string, std::string> hosts[] = {
      {},
      {{"IDENTITY_ENDPOINT", "https://localhost"},
       {"IDENTITY_HEADER", planted},
       {"IDENTITY_SERVER_THUMBPRINT", "x"}},
      {{"IDENTITY_ENDPOINT", "http://localhost"}, {"IDENTITY_HEADER", planted}},
      {{"MSI_ENDPOINT", "http://localhost"}, {"MSI_SECRET", planted}},
      {{"MSI_ENDPOINT", planted}},
      {{"IDENTITY_ENDPOINT", "http://localhost"}, {"IMDS_ENDPOINT", "http://localhost"}},
      {{"AZURE_CLIENT_SECRET", planted}},
      {{"AZURE_CLIENT_CERTIFICATE_PATH", "/cert"}, {"AZURE_CLIENT_CERTIFICATE_PASSWORD", planted}},
      {{"AZURE_TOKEN_CREDENTIALS", planted}},
      {{"AZURE_AUTHORITY_HOST", "ftp://" + std::string("x")}}};
  std::vector<World> all;
  for (const auto& host : hosts) {
    for (const bool with_pod : {false, true}) {
      World world{.variables = host, .files = files};
      if (with_pod) world.variables.insert(pod.begin(), pod.end());
      all.push_back(std::move(world));
    }
  }
  return all;
}

// What a service makes of a request that it echoes in its error.
std::string echo(const HttpRequest& request) {
  std::string text = request.body;
  for (const Header& header : request.headers) text += ' ' + header.value;
  std::string safe;
  for (const char c : text) safe += c == '"' || c == '\\' ? '_' : c;
  return safe;
}

using Answer = std::function<ScriptedReply(const HttpRequest&)>;
std::vector<Answer> answers() {
  return {[](const HttpRequest& request) {
            return ScriptedReply{.status = 400,
                                 .body = {R"({"error":"invalid_client","error_description":")" +
                                          echo(request) + R"("})"}};
          },
          [](const HttpRequest& request) {
            return ScriptedReply{
                .status = 401,
                .headers = {{"www-authenticate", "Basic realm=/var/opt/azcmagent/tokens/a.key"}},
                .body = {R"({"error":{"code":"x","message":")" + echo(request) + R"("}})"}};
          },
          [](const HttpRequest& request) {
            return ScriptedReply{.status = 503, .body = {echo(request)}};
          },
          [](const HttpRequest&) {
            return ScriptedReply{.body = {std::string(R"({"access_token":")") + planted +
                                          R"(","expires_in":"PLANTED-SECRET"})"}};
          },
          [](const HttpRequest&) { return ScriptedReply{.body = {planted}}; },
          [](const HttpRequest&) { return refused_connection(); }};
}

TEST(AzureIdentities, ShowNoPlantedSecretInAnyErrorOrName) {
  const std::string key_part = data_file("keys/rsa_pkcs8.pem").substr(100, 40);
  int errors = 0;
  for (const World& world : worlds()) {
    for (const Answer& answer : answers()) {
      const Bench bench(world);
      bench.transport->handle(answer);
      for (const Credentials& who : all_kinds()) {
        EXPECT_THAT(who.describe(), Not(HasSubstr(planted)));
        const auto outcome = sign(bench, who.identity());
        if (outcome) continue;
        ++errors;
        const std::string shown = describe(outcome.error()) + outcome.error().provider_body;
        EXPECT_THAT(shown, Not(HasSubstr(planted)));
        EXPECT_THAT(shown, Not(HasSubstr(key_part)));
        EXPECT_THAT(shown, Not(HasSubstr("eyJ"))) << "an assertion";
      }
    }
  }
  EXPECT_GE(errors, 1000);
}

}  // namespace
}  // namespace ek::test

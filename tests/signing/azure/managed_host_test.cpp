#include "signing/azure/managed_host.hpp"

#include "signing/azure/azure_fixture.hpp"

namespace ek::test {
namespace {

using Kind = ManagedHostKind;
using testing::HasSubstr;
using testing::Not;
using Variables = std::map<std::string, std::string>;

std::shared_ptr<const Environment> with(Variables variables, Variables files = {}) {
  return make_environment(std::make_shared<ManualClock>(),
                          {.variables = std::move(variables), .files = std::move(files)});
}
HttpRequest request_to(Kind kind, const Variables& variables, AzureManagedIdentity identity = {}) {
  return managed_identity_request(managed_host(kind, *with(variables)), identity,
                                  "https://ml.azure.com/.default")
      .value();
}

TEST(ManagedHost, IsFoundByItsVariablesInOrder) {
  const Variables all = {{"IDENTITY_ENDPOINT", "http://a"},
                         {"IDENTITY_HEADER", "b"},
                         {"IDENTITY_SERVER_THUMBPRINT", "c"},
                         {"MSI_ENDPOINT", "http://d"},
                         {"MSI_SECRET", "e"},
                         {"IMDS_ENDPOINT", "http://f"}};
  // Each has what the next ones have too, but for what is taken away here.
  const std::pair<const char*, Kind> steps[] = {{"", Kind::service_fabric},
                                                {"IDENTITY_SERVER_THUMBPRINT", Kind::app_service},
                                                {"IDENTITY_HEADER", Kind::machine_learning},
                                                {"MSI_SECRET", Kind::cloud_shell},
                                                {"MSI_ENDPOINT", Kind::azure_arc},
                                                {"IDENTITY_ENDPOINT", Kind::imds}};
  Variables left = all;
  for (const auto& [gone, kind] : steps) {
    left.erase(gone);
    EXPECT_EQ(detect_managed_host(*with(left)), kind) << gone;
    if (*gone != '\0') left[gone] = "";  // empty is as good as unset
    EXPECT_EQ(detect_managed_host(*with(left)), kind) << gone;
  }
  EXPECT_EQ(detect_managed_host(*with({}, {{"/opt/azcmagent/bin/himds", "ELF"}})), Kind::azure_arc);
}

TEST(ManagedHost, IsAskedInItsOwnWay) {
  const HttpRequest imds = request_to(Kind::imds, {});
  EXPECT_EQ(imds.url,
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource="
            "https%3A%2F%2Fml.azure.com");
  EXPECT_EQ(imds.headers, (std::vector<Header>{{"metadata", "true"}}));
  EXPECT_THAT(request_to(Kind::imds, {{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://pod/"}}).url,
              testing::StartsWith("http://pod/metadata/"));
  const HttpRequest app = request_to(
      Kind::app_service, {{"IDENTITY_ENDPOINT", "http://h/x?y=z"}, {"IDENTITY_HEADER", "PLANTED"}});
  EXPECT_THAT(app.url, testing::StartsWith("http://h/x?y=z&api-version=2019-08-01&"));
  EXPECT_EQ(app.headers, (std::vector<Header>{{"x-identity-header", "PLANTED", true}}));
  const HttpRequest shell = request_to(Kind::cloud_shell, {{"MSI_ENDPOINT", "http://h/t"}});
  EXPECT_EQ(shell.method, "POST");
  EXPECT_EQ(shell.url, "http://h/t");
  EXPECT_EQ(shell.body, "resource=https%3A%2F%2Fml.azure.com");
  EXPECT_EQ(request_to(Kind::azure_arc, {}).url.substr(0, 24), "http://127.0.0.1:40342/m");
}

TEST(ManagedHost, NamesTheIdentityAsTheHostWantsIt) {
  const Variables msi = {{"MSI_ENDPOINT", "http://h"}, {"MSI_SECRET", "s"}};
  Variables ml = msi;
  ml["DEFAULT_IDENTITY_CLIENT_ID"] = "default";
  const auto query = [](Kind kind, const Variables& variables, AzureManagedIdentity identity) {
    return query_of(request_to(kind, variables, std::move(identity)));
  };
  EXPECT_EQ(value_of(query(Kind::imds, {}, {.client_id = "c"}), "client_id"), "c");
  EXPECT_EQ(value_of(query(Kind::imds, {}, {.object_id = "o"}), "object_id"), "o");
  EXPECT_EQ(value_of(query(Kind::imds, {}, {.resource_id = "/r"}), "msi_res_id"), "/r");
  const Variables app = {{"IDENTITY_ENDPOINT", "http://h"}, {"IDENTITY_HEADER", "s"}};
  EXPECT_EQ(value_of(query(Kind::app_service, app, {.object_id = "o"}), "principal_id"), "o");
  EXPECT_EQ(value_of(query(Kind::app_service, app, {.resource_id = "/r"}), "mi_res_id"), "/r");
  EXPECT_EQ(value_of(query(Kind::machine_learning, msi, {.client_id = "c"}), "clientid"), "c");
  EXPECT_EQ(query(Kind::machine_learning, msi, {}).size(), 2u);
  EXPECT_EQ(value_of(query(Kind::machine_learning, ml, {}), "clientid"), "default");
  EXPECT_EQ(value_of(query(Kind::machine_learning, ml, {.client_id = "c"}), "clientid"), "c");
}

TEST(ManagedHost, RefusesToNameWhatItCannot) {
  const Variables ml = {
      {"MSI_ENDPOINT", "http://h"}, {"MSI_SECRET", "PLANTED"}, {"DEFAULT_IDENTITY_CLIENT_ID", "d"}};
  const auto ask = [&](Kind kind, AzureManagedIdentity identity) {
    return managed_identity_request(managed_host(kind, *with(ml)), identity, "s");
  };
  EXPECT_THAT(ask(Kind::cloud_shell, {.client_id = "c"}), FailsWith(HasSubstr("user-assigned")));
  EXPECT_THAT(ask(Kind::azure_arc, {.object_id = "c"}), FailsWith(HasSubstr("user-assigned")));
  EXPECT_THAT(ask(Kind::machine_learning, {.resource_id = "c"}),
              FailsWith(HasSubstr("user-assigned")));
  EXPECT_THAT(check_managed_identity({.client_id = "a", .object_id = "b"}),
              HasCode(ErrorCode::invalid_request));
  const auto host = managed_host(Kind::app_service, *with({{"IDENTITY_ENDPOINT", "PLANTED"}}));
  EXPECT_THAT(managed_identity_request(host, {}, "s"), FailsWith(Not(HasSubstr("PLANTED"))));
}

TEST(ArcKey, LiesInTheAgentsOwnDirectoryOnly) {
  const auto environment = with({{"ProgramData", "C:\\ProgramData"}});
  const auto path = [&](std::string challenge, int status = 401) {
    return arc_key_path(
        {.head = {.status = status, .headers = {{"www-authenticate", std::move(challenge)}}}},
        *environment);
  };
  EXPECT_EQ(path("Basic realm=/var/opt/azcmagent/tokens/a.key").value(),
            "/var/opt/azcmagent/tokens/a.key");
  EXPECT_THAT(path("Basic realm=C:\\ProgramData\\AzureConnectedMachineAgent\\Tokens\\a.key"),
              IsOk());
  EXPECT_THAT(path("Basic realm=/var/opt/azcmagent/tokens/a.key", 200),
              FailsWith(HasSubstr("expected HTTP 401")));
  for (const char* wrong :
       {"", "Basic", "Basic realm=", "Bearer realm=/var/opt/azcmagent/tokens/a.key",
        "Basic realm=/var/opt/azcmagent/tokens/a=b.key", "Basic realm=/etc/passwd.key",
        "Basic realm=/var/opt/azcmagent/tokens/../a.key", "Basic realm=/var/opt/azcmagent/tokens/",
        "Basic realm=/var/opt/azcmagent/tokens/x/a.key", "Basic realm=a.key",
        "Basic realm=/var/opt/azcmagent/tokens/a.txt"}) {
    EXPECT_THAT(path(wrong), HasCode(ErrorCode::authentication)) << wrong;
  }
}

}  // namespace
}  // namespace ek::test

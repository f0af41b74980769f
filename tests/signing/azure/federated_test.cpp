#include "signing/azure/federated.hpp"

#include "signing/azure/azure_fixture.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;

World pod() {
  return {.variables = {{"AZURE_TENANT_ID", "tenant-1"},
                        {"AZURE_CLIENT_ID", "client-1"},
                        {"AZURE_FEDERATED_TOKEN_FILE", "/token"},
                        {"AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/"}},
          .files = {{"/token", "first\n"}}};
}

TEST(WorkloadIdentity, ReadsTheFileForEveryToken) {
  Bench bench(pod());
  const auto signer =
      make_workload_identity({})->signer_for(azure_scope(), bench.services()).value();
  bench.transport->reply(token_reply("t1"));
  const auto headers = signer->sign({.url = azure_url}, bench.context());
  ASSERT_THAT(headers, IsOk());
  ASSERT_THAT(bench.environment->write_file("/token", "second"), IsOk());
  ASSERT_TRUE(signer->renew(*headers));
  bench.transport->reply(token_reply("t2"));
  EXPECT_EQ(signer->sign({.url = azure_url}, bench.context()).value()[0].value, "Bearer t2");
  const auto requests = bench.transport->requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].url, "https://login.microsoftonline.us/tenant-1/oauth2/v2.0/token");
  EXPECT_EQ(value_of(form_of(requests[0]), "client_assertion"), "first");
  EXPECT_EQ(value_of(form_of(requests[1]), "client_assertion"), "second");
}

TEST(WorkloadIdentity, TakesWhatIsGivenBeforeTheEnvironment) {
  Bench bench(pod());
  bench.transport->reply(token_reply());
  EXPECT_THAT(sign(bench, *make_workload_identity({.tenant_id = "tenant-2",
                                                   .authority_host = "https://login.example"})),
              IsOk());
  EXPECT_EQ(bench.transport->requests()[0].url, "https://login.example/tenant-2/oauth2/v2.0/token");
}

TEST(WorkloadIdentity, SaysWhatIsMissing) {
  World without_file = pod();
  without_file.files.clear();
  World empty_file = pod();
  empty_file.files["/token"] = " \n";
  const auto identity = make_workload_identity({});
  EXPECT_THAT(sign(Bench(), *identity), FailsWith(HasSubstr("set AZURE_TENANT_ID")));
  EXPECT_THAT(sign(Bench(without_file), *identity), FailsWith(HasSubstr("/token")));
  EXPECT_THAT(sign(Bench(empty_file), *identity), FailsWith(HasSubstr("is empty")));
}

TEST(FederatedIdentity, AsksItsFunctionForEveryToken) {
  Bench bench;
  int calls = 0;
  const auto identity =
      make_federated_identity(check_federated({.tenant_id = "t",
                                               .client_id = "c",
                                               .assertion = [&]() -> Result<Secret> {
                                                 if (++calls > 1) return connect_error();
                                                 return Secret("assertion");
                                               }})
                                  .value());
  bench.transport->reply(token_reply());
  EXPECT_THAT(sign(bench, *identity), IsOk());
  EXPECT_EQ(value_of(form_of(bench.transport->requests()[0]), "client_assertion"), "assertion");
  SigningScope other = azure_scope();
  other.entra_scope = "https://cognitiveservices.azure.com/.default";
  EXPECT_THAT(sign(bench, *identity, other), HasCode(ErrorCode::transport));
  EXPECT_THAT(check_federated({.tenant_id = "t", .client_id = "c"}),
              HasCode(ErrorCode::invalid_request));
}

}  // namespace
}  // namespace ek::test

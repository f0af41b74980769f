#include "endpointkit/credentials.hpp"

#include <sstream>

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* planted = "PLANTED-SECRET";

AzureClientSecret application() {
  return {.tenant_id = "t", .client_id = "c", .client_secret = Secret(planted)};
}

std::vector<Credentials> all_kinds() {
  return {Credentials::from_environment(),
          Credentials::aws_keys("AKIDEXAMPLE", Secret(planted), Secret(planted)),
          Credentials::google_service_account({service_account_json()}).value(),
          Credentials::azure_client_secret(application()).value(),
          Credentials::bearer(Secret(planted))};
}

TEST(Credentials, SayWhoWithoutSecrets) {
  const char* names[] = {"credentials from the environment", "AWS access key AKID…MPLE",
                         "Google service account robot@p.iam.gserviceaccount.com",
                         "Azure application c in tenant t", "key"};
  const auto kinds = all_kinds();
  for (std::size_t i = 0; i < kinds.size(); ++i) EXPECT_EQ(kinds[i].describe(), names[i]);
}

TEST(Credentials, ShowNoPlantedSecretInAnyErrorOrName) {
  // Every kind, against every scope, with services that fail and echo what they were sent.
  const std::string pem_part = data_file("keys/rsa_pkcs8.pem").substr(100, 40);
  Bench bench(
      World{.variables = {{"AWS_ACCESS_KEY_ID", planted}, {"AZURE_CLIENT_SECRET", planted}}});
  bench.transport->handle([](const HttpRequest& request) {
    return ScriptedReply{
        .status = 400,
        .body = {R"({"error":"invalid_client","error_description":")" + request.body + R"("})"}};
  });
  int errors = 0;
  for (const Credentials& who : all_kinds()) {
    for (const SigningScope& scope : {sagemaker_scope(), vertex_scope(), azure_scope()}) {
      for (const char* url : {"https://h/", "http://h/"}) {
        const auto signer = who.identity().signer_for(scope, bench.services());
        const auto outcome = signer ? (*signer)->sign({.url = url}, bench.context())
                                    : Result<std::vector<Header>>(signer.error());
        if (signer) {
          EXPECT_THAT((*signer)->describe(), Not(HasSubstr(planted)));
        }
        if (outcome) continue;
        ++errors;
        const std::string shown = describe(outcome.error()) + outcome.error().provider_body;
        EXPECT_THAT(shown, Not(HasSubstr(planted)));
        EXPECT_THAT(shown, Not(HasSubstr(pem_part)));
      }
    }
  }
  EXPECT_GE(errors, 20);
}

TEST(Credentials, MarkEveryProofAsSensitive) {
  Bench bench;
  bench.transport->handle([](const HttpRequest&) {
    return ScriptedReply{.body = {R"({"access_token":"t","expires_in":3599})"}};
  });
  int proofs = 0;
  for (const Credentials& who : all_kinds()) {
    for (const SigningScope& scope : {sagemaker_scope(), vertex_scope(), azure_scope()}) {
      const auto signer = who.identity().signer_for(scope, bench.services());
      if (!signer) continue;
      const auto headers = (*signer)->sign({.url = "https://h/"}, bench.context());
      if (!headers) continue;
      ++proofs;
      for (const Header& one : *headers) EXPECT_EQ(one.sensitive, one.name != "x-amz-date");
    }
  }
  EXPECT_GE(proofs, 5);
}

TEST(Credentials, AreCheckedWhenTheyAreMade) {
  EXPECT_THAT(Credentials::google_service_account({"{}"}), HasCode(ErrorCode::authentication));
  AzureClientSecret broken = application();
  broken.tenant_id = "";
  EXPECT_THAT(Credentials::azure_client_secret(broken), HasCode(ErrorCode::invalid_request));
}

}  // namespace
}  // namespace ek::test

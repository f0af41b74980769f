#include "endpointkit/credentials.hpp"

#include <utility>

#include "signing/aws/identity.hpp"
#include "signing/aws/profile.hpp"
#include "signing/azure/azure_ml_key.hpp"
#include "signing/azure/certificate.hpp"
#include "signing/azure/chain.hpp"
#include "signing/azure/client_secret.hpp"
#include "signing/azure/developer.hpp"
#include "signing/azure/federated.hpp"
#include "signing/azure/managed_identity.hpp"
#include "signing/bearer.hpp"
#include "signing/environment_identity.hpp"
#include "signing/google/account.hpp"
#include "signing/google/credential_file.hpp"
#include "signing/google/service_account.hpp"

namespace ek {
namespace {

Result<Credentials> developer(AzureProgram program, AzureLogin login) {
  auto checked = check_login(std::move(login));
  if (!checked) return std::move(checked).error();
  return Credentials(make_developer_identity(program, *std::move(checked)));
}

}  // namespace

Credentials Credentials::from_environment() { return Credentials(make_environment_identity()); }

Credentials Credentials::aws_keys(std::string access_key_id, Secret secret_access_key,
                                  Secret session_token) {
  return Credentials(make_aws_identity({.access_key_id = std::move(access_key_id),
                                        .secret_access_key = std::move(secret_access_key),
                                        .session_token = std::move(session_token)}));
}

Credentials Credentials::aws_profile(std::string name, MfaPrompt mfa) {
  return Credentials(make_aws_profile_identity(std::move(name), std::move(mfa)));
}

Result<Credentials> Credentials::google_service_account(const JsonText& key, GoogleProof proof) {
  auto parsed = parse_service_account(key.text);
  if (!parsed) return std::move(parsed).error();
  return Credentials(make_service_account_identity(*std::move(parsed), proof));
}

Result<Credentials> Credentials::google_from_json(const JsonText& file, GoogleFileType expected) {
  auto account = parse_google_credentials(file.text, expected);
  if (!account) return std::move(account).error();
  return Credentials(make_google_identity(*std::move(account)));
}

Credentials Credentials::google_id_token(std::string audience, const Credentials& from) {
  return Credentials(make_id_token_identity(from.identity_, std::move(audience)));
}

Result<Credentials> Credentials::azure_client_secret(AzureClientSecret application) {
  auto checked = check_client_secret(std::move(application));
  if (!checked) return std::move(checked).error();
  return Credentials(make_client_secret_identity(*std::move(checked)));
}

Result<Credentials> Credentials::azure_certificate(AzureCertificate application) {
  auto checked = check_certificate(std::move(application));
  if (!checked) return std::move(checked).error();
  return Credentials(make_certificate_identity(*std::move(checked)));
}

Result<Credentials> Credentials::azure_federated(AzureFederated application) {
  auto checked = check_federated(std::move(application));
  if (!checked) return std::move(checked).error();
  return Credentials(make_federated_identity(*std::move(checked)));
}

Credentials Credentials::azure_workload_identity(AzureWorkloadIdentity identity) {
  return Credentials(make_workload_identity(std::move(identity)));
}

Result<Credentials> Credentials::azure_managed_identity(AzureManagedIdentity identity) {
  auto checked = check_managed_identity(std::move(identity));
  if (!checked) return std::move(checked).error();
  return Credentials(make_managed_identity(*std::move(checked)));
}

Result<Credentials> Credentials::azure_cli(AzureLogin login) {
  return developer(AzureProgram::cli, std::move(login));
}
Result<Credentials> Credentials::azure_developer_cli(AzureLogin login) {
  return developer(AzureProgram::developer_cli, std::move(login));
}
Result<Credentials> Credentials::azure_power_shell(AzureLogin login) {
  return developer(AzureProgram::power_shell, std::move(login));
}

Credentials Credentials::azure_default() { return Credentials(make_azure_default_identity()); }

Result<Credentials> Credentials::azure_ml_key(AzureMlEndpoint endpoint, const Credentials& who) {
  auto checked = check_azure_ml_endpoint(std::move(endpoint));
  if (!checked) return std::move(checked).error();
  return Credentials(make_azure_ml_identity(*std::move(checked), AzureMlProof::key, who.identity_));
}

Result<Credentials> Credentials::azure_ml_token(AzureMlEndpoint endpoint, const Credentials& who) {
  auto checked = check_azure_ml_endpoint(std::move(endpoint));
  if (!checked) return std::move(checked).error();
  return Credentials(
      make_azure_ml_identity(*std::move(checked), AzureMlProof::token, who.identity_));
}

Credentials Credentials::bearer(Secret key) {
  return Credentials(make_key_identity(std::move(key)));
}

std::string Credentials::describe() const { return identity_->describe(); }

}  // namespace ek

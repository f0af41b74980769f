#include "endpointkit/credentials.hpp"

#include <utility>

#include "signing/aws/identity.hpp"
#include "signing/aws/profile.hpp"
#include "signing/azure/client_secret.hpp"
#include "signing/bearer.hpp"
#include "signing/environment_identity.hpp"
#include "signing/google/service_account.hpp"

namespace ek {

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

Result<Credentials> Credentials::azure_client_secret(AzureClientSecret application) {
  auto checked = check_client_secret(std::move(application));
  if (!checked) return std::move(checked).error();
  return Credentials(make_client_secret_identity(*std::move(checked)));
}

Credentials Credentials::bearer(Secret key) {
  return Credentials(make_key_identity(std::move(key)));
}

std::string Credentials::describe() const { return identity_->describe(); }

}  // namespace ek

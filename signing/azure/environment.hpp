// Azure identities in environment variables.
#pragma once

#include "signing/chain.hpp"

namespace ek {

/// AZUREML_ENDPOINT_API_KEY, for scopes that accept a key.
CredentialSource azure_key_source();
/// AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and AZURE_AUTHORITY_HOST. A secret without
/// the tenant or the client is an error; tenant and client without a secret are left to others.
CredentialSource azure_client_secret_source();
/// The same with AZURE_CLIENT_CERTIFICATE_PATH, AZURE_CLIENT_CERTIFICATE_PASSWORD and
/// AZURE_CLIENT_SEND_CERTIFICATE_CHAIN.
CredentialSource azure_certificate_source();
/// AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE, as AKS sets them: all or none
/// of the three.
CredentialSource azure_workload_identity_source();

}  // namespace ek

// Azure identities, for the functions Credentials::azure_…. An authority host that is left empty is
// that of the cloud which the endpoint is in: public, US Government or China.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "endpointkit/error.hpp"
#include "endpointkit/secret.hpp"

namespace ek {

/// An Entra application that proves itself with a client secret
/// (OAuth 2.0 client credentials, RFC 6749 §4.4).
struct AzureClientSecret {
  std::string tenant_id{};
  std::string client_id{};
  Secret client_secret{};
  std::string authority_host = "https://login.microsoftonline.com";
};

/// An Entra application that proves itself with a certificate.
struct AzureCertificate {
  std::string tenant_id{};
  std::string client_id{};
  /// PEM with the private key and its certificate, or the bytes of a PFX. If it is empty, the file
  /// at `certificate_path` is read, for each token anew, so that a renewed one is found.
  Secret certificate{};
  std::string certificate_path{};
  Secret password{};        ///< Of the PFX, or of an encrypted PEM key.
  bool send_chain = false;  ///< For applications that trust a subject name and issuer (x5c).
  /// Signs with RS256 and names the certificate by SHA-1 (x5t), as older services want it; else
  /// with PS256 and SHA-256. AD FS always gets RS256.
  bool rs256 = false;
  std::string authority_host{};
};

/// An Entra application that trusts tokens of another issuer: Kubernetes, GitHub, another cloud.
struct AzureFederated {
  std::string tenant_id{};
  std::string client_id{};
  /// A token of that issuer, asked for each time one is needed. Any thread.
  std::function<Result<Secret>()> assertion{};
  std::string authority_host{};
};

/// The same with a token in a file, as Kubernetes projects it; it is read each time. What is left
/// empty comes from AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE and
/// AZURE_AUTHORITY_HOST.
struct AzureWorkloadIdentity {
  std::string tenant_id{};
  std::string client_id{};
  std::string token_file{};
  std::string authority_host{};
};

/// The identity of the machine or service that the program runs on. All empty: the one that the
/// system gave it; else exactly one member names an identity that was assigned to it.
struct AzureManagedIdentity {
  std::string client_id{};
  std::string object_id{};
  std::string resource_id{};  ///< /subscriptions/…/userAssignedIdentities/NAME
};

/// Who is signed in with a developer's program.
struct AzureLogin {
  std::string tenant_id{};     ///< "" for that of the program.
  std::string subscription{};  ///< Name or id, for `az` only; "" for that of the program.
  std::chrono::milliseconds timeout{30'000};
};

/// An online endpoint of an Azure ML workspace, as Azure Resource Manager knows it.
struct AzureMlEndpoint {
  std::string subscription_id{};
  std::string resource_group{};
  std::string workspace{};
  std::string endpoint{};  ///< Its name: the first part of its host.
  std::string resource_manager = "https://management.azure.com";
};

}  // namespace ek

// Who is calling. A Credentials value says how an identity is proved; what the proof is for
// (service, region, OAuth scope) is told by the endpoint it is used with. Nothing here touches the
// network: tokens are fetched by the first call that needs one and cached by the Client.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "endpointkit/azure_credentials.hpp"
#include "endpointkit/chat.hpp"
#include "endpointkit/error.hpp"
#include "endpointkit/export.hpp"
#include "endpointkit/secret.hpp"

namespace ek {

class Identity;  // signing/signer.hpp

/// How Google service accounts prove themselves.
enum class GoogleProof {
  jwt_grant,   ///< Exchange a signed assertion for an access token (RFC 7523).
  self_signed  ///< The signed JWT is the token (AIP-4111): no round trip.
};

/// The types of Google's credential files.
enum class GoogleFileType {
  any,                               ///< Whatever the file says. For files that you made yourself.
  service_account,                   ///< A key.
  authorized_user,                   ///< A person, through gcloud.
  external_account,                  ///< Federation of workloads and workforces.
  external_account_authorized_user,  ///< A person of a workforce pool, through gcloud.
  impersonated_service_account       ///< A service account by way of another identity.
};

/// Asks a human for the code that the MFA device `serial` shows. Called by the thread whose call
/// needs new keys of a role; an Error ends that call.
using MfaPrompt = std::function<Result<Secret>(const std::string& serial)>;

/// A value; copies share the identity. Safe from all threads.
class EK_API Credentials {
 public:
  /// Looks at the standard places of the endpoint's cloud, at the first call: the variables
  /// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, the profile of AWS_PROFILE (as
  /// in aws_profile()), AWS_WEB_IDENTITY_TOKEN_FILE, then the role of the container or instance, in
  /// which what is configured but broken is an error; the credential file named by
  /// GOOGLE_APPLICATION_CREDENTIALS, gcloud's own or the metadata server; AZUREML_ENDPOINT_API_KEY,
  /// then what azure_default() says.
  static Credentials from_environment();

  /// AWS access keys. The session token belongs to temporary keys only; it is never taken from the
  /// environment when the keys are given here.
  static Credentials aws_keys(std::string access_key_id, Secret secret_access_key,
                              Secret session_token = {});

  /// A profile of the files ~/.aws/config and ~/.aws/credentials (or of AWS_CONFIG_FILE and
  /// AWS_SHARED_CREDENTIALS_FILE), whatever it leads to: keys, roles that are assumed one after the
  /// other, IAM Identity Center, `aws login`, credential_process, a web identity, a container or
  /// an instance. Its region, endpoint_url and services count on the way. The files are read at the
  /// first call, and again whenever keys have ended or were refused.
  static Credentials aws_profile(std::string name, MfaPrompt mfa = {});

  /// A Google service account from the text of its JSON key file.
  /// Errors: authentication/credentials if the text is no service-account key, naming what it is.
  static Result<Credentials> google_service_account(const JsonText& key,
                                                    GoogleProof proof = GoogleProof::jwt_grant);

  /// A Google identity from the text of a credential file of any type. A file says where its
  /// secrets and yours are sent and may name files to read and programs to run: take one from a
  /// stranger only with the type that you expect. URLs are accepted on Google's hosts alone, and
  /// programs run only if GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES is "1".
  /// Errors: authentication/credentials, naming what the text is instead, the member that is
  /// missing or the URL that is not trusted.
  static Result<Credentials> google_from_json(const JsonText& file, GoogleFileType expected);

  /// Google's id tokens in place of access tokens, for a server behind Cloud Run or Identity-Aware
  /// Proxy; `audience` is its root URL, or the client id. `from` is a Google identity that can have
  /// them: a service account, the metadata server, or whoever impersonates a service account.
  static Credentials google_id_token(std::string audience,
                                     const Credentials& from = from_environment());

  /// An Entra application. Errors: invalid_request if a member is empty or the authority is not
  /// https (http is accepted for loopback).
  static Result<Credentials> azure_client_secret(AzureClientSecret application);

  /// An Entra application with a certificate. Errors: as azure_client_secret(); authentication if
  /// the certificate given here cannot be used, saying why; a file is read when a token is wanted.
  static Result<Credentials> azure_certificate(AzureCertificate application);

  /// An Entra application that trusts the tokens of another issuer, which `assertion` gets.
  /// Errors: as azure_client_secret().
  static Result<Credentials> azure_federated(AzureFederated application);
  /// The same with a file that is read for each token: pods on AKS. What is missing here and in
  /// the environment is told when an endpoint is opened.
  static Credentials azure_workload_identity(AzureWorkloadIdentity identity = {});

  /// The identity of the virtual machine, App Service, Azure ML compute, Service Fabric, Cloud
  /// Shell or Arc machine that the program runs on. Waits for a host that is not ready, as long as
  /// the call's timer lets it. Errors: invalid_request if more than one id is set.
  static Result<Credentials> azure_managed_identity(AzureManagedIdentity identity = {});

  /// Whoever is signed in with `az`, `azd` or Connect-AzAccount, by running that program.
  /// Errors: invalid_request for a tenant or subscription that cannot be one.
  static Result<Credentials> azure_cli(AzureLogin login = {});
  static Result<Credentials> azure_developer_cli(AzureLogin login = {});
  static Result<Credentials> azure_power_shell(AzureLogin login = {});

  /// The chain of Microsoft's libraries: an application's secret or certificate in AZURE_…
  /// variables, workload identity, managed identity, `az`, PowerShell, `azd`; the first that is
  /// there. AZURE_TOKEN_CREDENTIALS chooses among them: prod, dev, or one by its name. Off Azure
  /// the search for a metadata service ends within a second and is not repeated for five minutes.
  static Credentials azure_default();

  /// The key of an Azure ML endpoint, or the token of one whose authMode is AMLToken, fetched from
  /// Azure Resource Manager with another Azure identity when the first call needs it.
  /// Errors: invalid_request if a member is empty or cannot stand in a path.
  static Result<Credentials> azure_ml_key(AzureMlEndpoint endpoint,
                                          const Credentials& who = azure_default());
  static Result<Credentials> azure_ml_token(AzureMlEndpoint endpoint,
                                            const Credentials& who = azure_default());

  /// A key or token that is sent as it is: `Authorization: Bearer …`. For Azure ML endpoint keys
  /// and for tokens that the application fetches itself.
  static Credentials bearer(Secret key);

  /// How this identity proves itself and who it is, without secrets: "AWS access key AKID…MPLE".
  [[nodiscard]] std::string describe() const;

  explicit Credentials(std::shared_ptr<const Identity> identity) : identity_(std::move(identity)) {}
  [[nodiscard]] const Identity& identity() const noexcept { return *identity_; }

 private:
  std::shared_ptr<const Identity> identity_;
};

}  // namespace ek

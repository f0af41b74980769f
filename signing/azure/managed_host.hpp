// The hosts that hand out managed identities, told apart by the variables that they set, and how
// each of them is asked. Pure but for the environment.
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
#pragma once

#include <string>
#include <string_view>

#include "endpointkit/azure_credentials.hpp"
#include "endpointkit/error.hpp"
#include "endpointkit/ext/environment.hpp"
#include "endpointkit/ext/transport.hpp"
#include "endpointkit/secret.hpp"

namespace ek {

enum class ManagedHostKind {
  service_fabric,
  app_service,       ///< And Functions and Container Apps.
  machine_learning,  ///< And App Service as it was in 2017: the same variables, the same question.
  cloud_shell,
  azure_arc,
  imds  ///< The metadata service of virtual machines, which sets no variable.
};
std::string_view to_string(ManagedHostKind kind) noexcept;

struct ManagedHost {
  ManagedHostKind kind = ManagedHostKind::imds;
  std::string endpoint{};
  Secret secret{};                  ///< Shows the host that the question comes from inside.
  std::string thumbprint{};         ///< Of Service Fabric's certificate, which signs itself: SHA-1.
  std::string default_client_id{};  ///< Which identity Azure ML means if nobody names one.
};

/// The order of Microsoft's libraries: Service Fabric, App Service, Azure ML, Cloud Shell, Arc,
/// IMDS.
ManagedHostKind detect_managed_host(const Environment& environment);
/// What the variables say about a host of this kind.
ManagedHost managed_host(ManagedHostKind kind, const Environment& environment);

/// Errors: invalid_request if more than one member is set.
Result<AzureManagedIdentity> check_managed_identity(AzureManagedIdentity identity);

/// The question for a token. Errors: authentication/credentials if the host must be told by its
/// certificate and is not asked over https; if an identity is named where the
/// host gives only its own, or is named in a way that the host does not know; if the endpoint is no
/// URL.
Result<HttpRequest> managed_identity_request(const ManagedHost& host,
                                             const AzureManagedIdentity& identity,
                                             std::string_view scope);

/// The file with the secret that Arc's first answer names: only root and members of the group himds
/// can read it. A host that is not what it seems could name any file, so it must lie in the agent's
/// own directory and be called *.key.
/// Errors: authentication/credentials, saying what came.
Result<std::string> arc_key_path(const HttpResponse& answer, const Environment& environment);

}  // namespace ek

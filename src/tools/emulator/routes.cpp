#include "tools/emulator/service.hpp"

namespace ek::emulator {
namespace {

bool is_azure_ml(std::string_view path) {
  return path == "/score" || path == "/chat/completions" || path == "/v1/chat/completions";
}

// Where the machines of the clouds find their identity; null for other paths.
using Serve = Reply (*)(Service& service, const Request& request);
Serve identity_service(const Request& request) {
  const std::string_view path = request.path;
  const bool post = request.method == "POST";
  if (path.starts_with("/latest/")) return serve_instance_metadata;
  if (path == "/v1/credentials" || path.starts_with("/v2/credentials/"))
    return serve_container_keys;
  if (post && path == "/") return serve_sts;
  if (path == "/federation/credentials") return serve_sso_portal;
  if (post && path == "/token" && request.header("Content-Type").starts_with("application/json"))
    return serve_sso_token;
  if (path.starts_with("/computeMetadata/")) return serve_google_metadata;
  if (path == "/" && !request.header("Metadata-Flavor").empty()) return serve_google_metadata;
  if (post && path == "/v1/token") return serve_google_sts;
  if (post && path.starts_with("/v1/projects/-/serviceAccounts/"))
    return serve_google_impersonation;
  if (path.starts_with("/metadata/identity/oauth2/token") || path == "/msi/token" ||
      path == "/arc/metadata/identity/oauth2/token" ||
      path == "/fabric/metadata/identity/oauth2/token") {
    return serve_managed_identity;
  }
  return nullptr;
}

}  // namespace

std::string_view cloud_of(const Request& request) noexcept {
  const std::string_view path = request.path;
  if (path.starts_with("/endpoints/")) return "sagemaker";
  const bool project = path.starts_with("/v1/projects/") || path.starts_with("/v1beta1/projects/");
  if (project && !path.starts_with("/v1/projects/-/")) return "vertex";
  return request.method == "POST" && is_azure_ml(path) ? "azureml" : "";
}

Reply serve(Service& service, const Request& request) {
  const std::string_view path = request.path;
  if (const Serve identity = identity_service(request)) return identity(service, request);
  if (path == "/_emulator/stats") return {.body = service.stats.json(service.faults)};
  const std::string_view cloud = cloud_of(request);
  if (cloud == "sagemaker") return serve_sagemaker(service, request);
  if (cloud == "vertex") return serve_vertex(service, request);
  if (cloud == "azureml") return serve_azure_ml(service, request);
  if (path.ends_with("/v2.0/.well-known/openid-configuration")) {
    return serve_entra_metadata(service, request);
  }
  const bool post = request.method == "POST";
  if (post && path == "/token") return serve_google_token(service, request);
  if (post && path.ends_with("/oauth2/v2.0/token")) return serve_entra(service, request);
  return {.status = 404,
          .content_type = "text/plain; charset=utf-8",
          .body = "endpointkit-emulator serves no such path; see endpointkit-emulator --help\n"};
}

}  // namespace ek::emulator

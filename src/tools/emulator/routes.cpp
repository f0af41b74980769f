#include "tools/emulator/service.hpp"

namespace ek::emulator {
namespace {

bool is_azure_ml(std::string_view path) {
  return path == "/score" || path == "/chat/completions" || path == "/v1/chat/completions";
}

}  // namespace

Reply serve(Service& service, const Request& request) {
  const std::string_view path = request.path;
  if (path == "/_emulator/stats") return {.body = service.stats.json()};
  if (path.starts_with("/endpoints/")) return serve_sagemaker(service, request);
  if (path.starts_with("/v1/projects/") || path.starts_with("/v1beta1/projects/")) {
    return serve_vertex(service, request);
  }
  if (path.ends_with("/v2.0/.well-known/openid-configuration")) {
    return serve_entra_metadata(service, request);
  }
  const bool post = request.method == "POST";
  if (post && path == "/token") return serve_google_token(service, request);
  if (post && path.ends_with("/oauth2/v2.0/token")) return serve_entra(service, request);
  if (post && is_azure_ml(path)) return serve_azure_ml(service, request);
  return {.status = 404,
          .content_type = "text/plain; charset=utf-8",
          .body = "endpointkit-emulator serves no such path; see endpointkit-emulator --help\n"};
}

}  // namespace ek::emulator

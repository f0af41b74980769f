// Azure's managed identities as four hosts give them: the metadata service of virtual machines,
// App Service, Service Fabric, and the agent of Azure Arc with its challenge.
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
// https://learn.microsoft.com/azure/app-service/overview-managed-identity
// https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication
#include <nlohmann/json.hpp>

#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"
#include "tools/emulator/service.hpp"

namespace ek::emulator {
namespace {

using nlohmann::ordered_json;

Reply refuse(int status, std::string_view error, std::string_view description) {
  return {.status = status,
          .content_type = "application/json; charset=utf-8",
          .body = to_text(ordered_json{{"error", error}, {"error_description", description}})};
}

Reply give(Service& service, const Request& request) {
  const std::string resource = request.parameter("resource");
  if (resource.empty())
    return refuse(400, "invalid_request", "Required query variable 'resource' is missing");
  if (!is_entra_resource(resource)) {
    return refuse(400, "invalid_resource",
                  "AADSTS500011: The resource principal named " + resource +
                      " was not found in the tenant named Emulator.");
  }
  for (const char* name : {"client_id", "object_id", "principal_id"}) {
    const std::string id = request.parameter(name);
    const EntraApplication& identity = service.secrets.entra;
    if (!id.empty() && id != identity.client_id && id != identity.object_id)
      return refuse(400, "invalid_request", "Identity not found");
  }
  const auto lifetime = service.options.token_lifetime;
  const auto now = service.options.now();
  // Numbers travel as texts here.
  const auto text = [](auto time) {
    return std::to_string(std::chrono::system_clock::to_time_t(time));
  };
  const ordered_json body = {{"access_token", issue_entra_token(service, resource + "/.default")},
                             {"client_id", service.secrets.entra.client_id},
                             {"expires_in", std::to_string(lifetime.count())},
                             {"expires_on", text(now + lifetime)},
                             {"not_before", text(now)},
                             {"resource", resource},
                             {"token_type", "Bearer"}};
  return {.content_type = "application/json; charset=utf-8", .body = to_text(body)};
}

bool asks_from_inside(const Request& request) {
  return request.header("Metadata") == "true" && request.header("X-Forwarded-For").empty();
}

Reply serve_virtual_machine(Service& service, const Request& request) {
  if (!asks_from_inside(request))
    return refuse(400, "invalid_request", "Required metadata header not specified");
  if (request.parameter("api-version") < "2018-02-01")
    return refuse(400, "bad_request_102", "api-version must be 2018-02-01 or newer");
  return give(service, request);
}

Reply serve_app_service(Service& service, const Request& request) {
  const Secret shown(std::string(request.header("X-IDENTITY-HEADER")));
  if (!(shown == service.secrets.agent_token))
    return refuse(401, "Unauthorized", "X-IDENTITY-HEADER is missing or wrong");
  if (request.parameter("api-version") != "2019-08-01")
    return refuse(400, "BadRequest", "api-version must be 2019-08-01");
  return give(service, request);
}

// Over TLS alone, and with the end of the token's life as its only time.
// https://learn.microsoft.com/azure/service-fabric/how-to-managed-identity-service-fabric-app-code
Reply serve_service_fabric(Service& service, const Request& request) {
  const Secret shown(std::string(request.header("secret")));
  if (!request.secure || !(shown == service.secrets.agent_token))
    return refuse(401, "SecretHeaderNotFound", "Secret is not found in the request headers.");
  if (request.parameter("api-version") != "2019-07-01-preview")
    return refuse(400, "InvalidApiVersion", "The api-version must be 2019-07-01-preview.");
  Reply reply = give(service, request);
  if (reply.status != 200) return reply;
  ordered_json body = ordered_json::parse(reply.body);
  for (const char* name : {"client_id", "expires_in", "not_before"}) body.erase(name);
  body["expires_on"] =
      std::chrono::system_clock::to_time_t(service.options.now() + service.options.token_lifetime);
  reply.body = to_text(body);
  return reply;
}

Reply serve_arc(Service& service, const Request& request) {
  if (!asks_from_inside(request))
    return refuse(400, "invalid_request", "Required metadata header not specified");
  const std::string_view authorization = request.header("Authorization");
  if (authorization.empty()) {
    Reply challenge = refuse(401, "unauthorized", "show the key in the file of the challenge");
    challenge.headers = {{"WWW-Authenticate", "Basic realm=" + std::string(arc_key_file)}};
    return challenge;
  }
  const Secret shown{std::string(authorization)};
  if (!(shown == Secret("Basic " + service.secrets.arc_key.reveal())))
    return refuse(401, "unauthorized", "the key is not the one in the file");
  return give(service, request);
}

}  // namespace

Reply serve_managed_identity(Service& service, const Request& request) {
  if (request.method != "GET") return refuse(405, "method_not_allowed", "use GET");
  if (request.path == "/msi/token") return serve_app_service(service, request);
  if (request.path.starts_with("/fabric/")) return serve_service_fabric(service, request);
  if (request.path.starts_with("/arc/")) return serve_arc(service, request);
  return serve_virtual_machine(service, request);
}

}  // namespace ek::emulator

// The metadata server of Compute Engine, GKE and Cloud Run.
// https://cloud.google.com/compute/docs/metadata/querying-metadata
#include <nlohmann/json.hpp>

#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"
#include "tools/emulator/service.hpp"

namespace ek::emulator {
namespace {

using nlohmann::ordered_json;

Reply reply(int status, std::string content_type, std::string body) {
  return {.status = status,
          .content_type = std::move(content_type),
          .headers = {{"Metadata-Flavor", "Google"}, {"Server", "Metadata Server for VM"}},
          .body = std::move(body)};
}
Reply text(std::string body) { return reply(200, "application/text", std::move(body)); }

Reply token(Service& service, const Request& request) {
  std::string scopes = request.parameter("scopes");
  for (char& c : scopes) c = c == ',' ? ' ' : c;
  if (scopes.empty()) scopes = cloud_platform_scope;
  const ordered_json body = {{"access_token", issue_google_token(service, scopes)},
                             {"expires_in", service.options.token_lifetime.count()},
                             {"token_type", "Bearer"}};
  return reply(200, "application/json", to_text(body));
}

}  // namespace

Reply serve_google_metadata(Service& service, const Request& request) {
  // Neither a browser nor a proxy that was talked into it may ask.
  const bool flavored = request.header("Metadata-Flavor") == "Google";
  if (!flavored || !request.header("X-Forwarded-For").empty())
    return reply(403, "text/html", "Missing Metadata-Flavor:Google header.");
  const GoogleAccount& account = service.secrets.google;
  std::string_view path = request.path;
  if (path == "/") return text("computeMetadata/\n");
  constexpr std::string_view root = "/computeMetadata/v1/";
  path.remove_prefix(std::min(path.size(), root.size()));
  if (path == "project/project-id") return text(account.project);
  if (path == "universe/universe-domain") return text("googleapis.com");
  if (path == "instance/service-accounts/default/email") return text(account.client_email);
  if (path == "instance/service-accounts/default/token") return token(service, request);
  if (path == "instance/service-accounts/default/") {
    const ordered_json body = {{"aliases", {"default"}},
                               {"email", account.client_email},
                               {"scopes", {cloud_platform_scope}}};
    return reply(200, "application/json", to_text(body));
  }
  return reply(404, "text/html", "The requested URL was not found on this server.");
}

}  // namespace ek::emulator

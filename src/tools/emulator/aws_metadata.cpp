// Where AWS's machines get the keys of their role: the EC2 metadata service in version 2, and the
// agents of ECS and EKS.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/iso_time.hpp"
#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"
#include "tools/emulator/service.hpp"

namespace ek::emulator {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view roles_path = "/latest/meta-data/iam/security-credentials/";
constexpr std::string_view role_name = "emulated-role";
constexpr std::chrono::hours key_lifetime{6};
constexpr int longest_token_seconds = 21600;

Reply plain(int status, std::string body) {
  return {.status = status, .content_type = "text/plain", .body = std::move(body)};
}

std::string stamp(std::chrono::system_clock::time_point time) {
  return format_iso_time(std::chrono::floor<std::chrono::seconds>(time));
}

// A token is not given to whom a proxy speaks for.
Reply give_token(Service& service, const Request& request) {
  if (!request.header("X-Forwarded-For").empty()) return plain(403, "Forbidden");
  const std::string_view text = request.header("X-aws-ec2-metadata-token-ttl-seconds");
  int seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (seconds < 1 || seconds > longest_token_seconds) return plain(400, "Bad Request");
  const std::string token =
      random_text(54, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") + "==";
  service.metadata_tokens.add(token,
                              {.expiry = service.options.now() + std::chrono::seconds(seconds)});
  Reply reply = plain(200, token);
  reply.headers = {{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds", std::to_string(seconds)}};
  return reply;
}

bool has_token(const Service& service, const Request& request) {
  const auto issued =
      service.metadata_tokens.find(std::string(request.header("X-aws-ec2-metadata-token")));
  return issued && issued->expiry > service.options.now();
}

Reply role_keys(Service& service) {
  const auto keys = issue_aws_keys(
      service, "arn:aws:sts::123456789012:assumed-role/emulated-role/i-0123456789abcdef0",
      key_lifetime);
  const ordered_json body = {{"Code", "Success"},
                             {"LastUpdated", stamp(service.options.now())},
                             {"Type", "AWS-HMAC"},
                             {"AccessKeyId", keys.keys.access_key_id},
                             {"SecretAccessKey", keys.keys.secret_access_key.reveal()},
                             {"Token", keys.keys.session_token.reveal()},
                             {"Expiration", stamp(keys.expiry)}};
  return plain(200, to_text(body, 2));
}

}  // namespace

Reply serve_instance_metadata(Service& service, const Request& request) {
  if (request.method == "PUT" && request.path == "/latest/api/token")
    return give_token(service, request);
  if (request.method != "GET") return plain(405, "Method Not Allowed");
  if (!has_token(service, request)) return plain(401, "Unauthorized");
  const std::string_view path = request.path;
  if (path == roles_path || path == roles_path.substr(0, roles_path.size() - 1))
    return plain(200, std::string(role_name));
  if (path.starts_with(roles_path) && path.substr(roles_path.size()) == role_name)
    return role_keys(service);
  if (path == "/latest/meta-data/placement/region") return plain(200, service.options.region);
  if (path == "/latest/meta-data/placement/availability-zone")
    return plain(200, service.options.region + "a");
  return plain(404, "Not Found");
}

std::string ecs_path(const Service& service) {
  return "/v2/credentials/" + service.secrets.container_id.reveal();
}

Reply serve_container_keys(Service& service, const Request& request) {
  const auto refuse = [](int status, std::string_view code, std::string_view message) {
    return Reply{.status = status,
                 .body = to_text(ordered_json{{"code", code}, {"message", message}})};
  };
  if (request.method != "GET") return refuse(405, "MethodNotAllowed", "use GET");
  if (request.path.starts_with("/v2/")) {
    // The agent of ECS knows its containers by their paths, which nobody else can know.
    if (!(Secret(std::string(request.path)) == Secret(ecs_path(service))))
      return refuse(404, "InvalidIdInRequest", "no container has this path");
  } else {
    const Secret shown(std::string(request.header("Authorization")));
    if (shown.empty()) return refuse(401, "MissingToken", "no authorization token was sent");
    if (!(shown == service.secrets.agent_token))
      return refuse(403, "AccessDenied", "the authorization token is not that of this container");
  }
  const auto keys = issue_aws_keys(
      service, "arn:aws:sts::123456789012:assumed-role/emulated-role/container", key_lifetime);
  const ordered_json body = {{"RoleArn", emulated_role},
                             {"AccessKeyId", keys.keys.access_key_id},
                             {"SecretAccessKey", keys.keys.secret_access_key.reveal()},
                             {"Token", keys.keys.session_token.reveal()},
                             {"Expiration", stamp(keys.expiry)}};
  return {.body = to_text(body)};
}

}  // namespace ek::emulator

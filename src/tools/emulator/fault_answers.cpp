// Faults in place of an answer: what each provider says when it refuses or fails.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/emulator/fault_kinds.hpp"
#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"

namespace ek::emulator {
namespace {

using nlohmann::ordered_json;

/// How each cloud names a status, and says it.
struct Words {
  int status;
  std::string_view aws, google, message;
};
constexpr Words words[] = {
    {401, "UnrecognizedClientException", "UNAUTHENTICATED", "The proof of identity is not valid."},
    {403, "AccessDeniedException", "PERMISSION_DENIED", "The identity may not use this endpoint."},
    {429, "ThrottlingException", "RESOURCE_EXHAUSTED", "Too many requests, slow down."},
    {500, "InternalFailure", "INTERNAL", "The service failed."},
    {502, "InternalFailure", "UNKNOWN", "The gateway got no good answer."},
    {503, "ServiceUnavailable", "UNAVAILABLE", "The service is overloaded."},
    {504, "InternalFailure", "DEADLINE_EXCEEDED", "The gateway waited too long."},
};

const Words& words_of(int status) {
  return *std::find_if(std::begin(words), std::end(words),
                       [&](const Words& one) { return one.status == status; });
}

Reply refusal(std::string_view cloud, const Words& said) {
  if (cloud == "sagemaker") return aws_error(said.status, said.aws, said.message);
  if (cloud == "vertex") return google_error(said.status, said.google, said.message);
  Reply reply{.status = said.status,
              .content_type = "text/plain; charset=utf-8",
              .body = std::string(said.message)};
  if (said.status == 401) {
    reply.headers.push_back({"WWW-Authenticate", "Bearer error=\"invalid_token\""});
  }
  return reply;
}

// google.rpc.RetryInfo beside the message.
void add_retry_info(Reply& reply, std::string_view seconds) {
  ordered_json body = ordered_json::parse(reply.body);
  body["error"]["details"].push_back({{"@type", "type.googleapis.com/google.rpc.RetryInfo"},
                                      {"retryDelay", std::string(seconds) + "s"}});
  reply.body = to_text(body, 2) + "\n";
}

void add_retry_headers(const FaultScene& scene, Reply& reply) {
  for (const char* name :
       {"retry-after", "retry-after-ms", "x-ms-retry-after-ms", "x-amz-retry-after"}) {
    if (const auto value = scene.fault.text(name); !value.empty())
      reply.headers.push_back({name, std::string(value)});
  }
  if (scene.fault.text("retry-date").empty()) return;
  const auto date =
      scene.service.options.now() + std::chrono::seconds(scene.fault.number("retry-date", 0));
  const std::time_t time = std::chrono::system_clock::to_time_t(date);
  reply.headers.push_back(
      {"retry-after", fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(time))});
}

}  // namespace

Result<Reply> refuse_with_status(const FaultScene& scene) {
  const int status = std::stoi(std::string(scene.fault.kind->name));
  Reply reply = refusal(scene.cloud, words_of(status));
  add_retry_headers(scene, reply);
  const std::string_view info = scene.fault.text("retry-info");
  if (info.empty()) return reply;
  if (scene.cloud != "vertex") {
    return Error{.code = ErrorCode::invalid_request,
                 .message = "retry-info stands in the body of Google's errors alone"};
  }
  add_retry_info(reply, info);
  return reply;
}

Result<Reply> expire_token(const FaultScene& scene) {
  if (scene.cloud == "sagemaker") {
    return aws_error(403, "ExpiredTokenException",
                     "The security token included in the request is expired");
  }
  if (scene.cloud == "vertex") {
    return google_error(401, "UNAUTHENTICATED",
                        "Request had invalid authentication credentials. Expected OAuth 2 access "
                        "token, login cookie or other valid authentication credential.",
                        "ACCESS_TOKEN_EXPIRED");
  }
  Reply reply = refusal(scene.cloud, words_of(401));
  reply.headers = {{"WWW-Authenticate",
                    "Bearer error=\"invalid_token\", error_description=\"the token has expired\""}};
  return reply;
}

Result<Reply> answer_html(const FaultScene& scene) {
  const int status = static_cast<int>(std::clamp(scene.fault.number("status", 502), 200L, 599L));
  return Reply{.status = status,
               .content_type = "text/html",
               .body = fmt::format("<html>\r\n<head><title>{0} Bad Gateway</title></head>\r\n"
                                   "<body>\r\n<center><h1>{0} Bad Gateway</h1></center>\r\n"
                                   "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
                                   status)};
}

}  // namespace ek::emulator

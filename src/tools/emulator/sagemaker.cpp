// SageMaker Runtime: InvokeEndpoint and InvokeEndpointWithResponseStream (API 2017-05-13).
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "tools/emulator/answer_body.hpp"
#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"
#include "tools/emulator/service.hpp"
#include "tools/emulator/tabular.hpp"
#include "wire/event_stream_message.hpp"

namespace ek::emulator {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view account = "123456789012";

struct Invocation {
  std::string endpoint{};
  bool stream = false;
  std::string region{};
};

std::optional<Invocation> invocation_of(std::string_view path) {
  constexpr std::string_view prefix = "/endpoints/";
  if (!path.starts_with(prefix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view verb = path.substr(slash);
  if (verb != "/invocations" && verb != "/invocations-response-stream") return std::nullopt;
  return Invocation{.endpoint = percent_decode(path.substr(0, slash)),
                    .stream = verb != "/invocations"};
}

std::string payload_part(std::string_view bytes) {
  constexpr std::array<wire::MessageHeader, 3> headers = {
      {{.name = ":event-type", .bytes = "PayloadPart"},
       {.name = ":content-type", .bytes = "application/octet-stream"},
       {.name = ":message-type", .bytes = "event"}}};
  auto message = wire::encode_message(headers, bytes);
  return message ? *std::move(message) : std::string();
}

Envelope event_stream() {
  return {.wrap = payload_part, .wrap_failure = [](const Error& error) {
            const ordered_json body = {{"Message", error.message}, {"ErrorCode", "StreamBroken"}};
            return aws_exception_message("ModelStreamError", to_text(body));
          }};
}

// 424: what the container said, as SageMaker reports it.
Reply model_error(const Invocation& invocation, int status, std::string_view said) {
  const bool client = status >= 400 && status < 500;
  const std::string& endpoint = invocation.endpoint;
  const ordered_json body = {
      {"ErrorCode", client ? "CLIENT_ERROR_FROM_MODEL" : "INTERNAL_FAILURE_FROM_MODEL"},
      {"LogStreamArn", fmt::format("arn:aws:logs:{}:{}:log-group:/aws/sagemaker/Endpoints/{}",
                                   invocation.region, account, endpoint)},
      {"Message", fmt::format("Received {} error ({}) from primary with message \"{}\". See the "
                              "log group /aws/sagemaker/Endpoints/{} for more information.",
                              client ? "client" : "server", status, said, endpoint)},
      {"OriginalMessage", said},
      {"OriginalStatusCode", status}};
  Reply reply = aws_error(424, "ModelError", "");
  reply.body = to_text(body);
  return reply;
}

// How an open container (vLLM, TGI) refuses a body.
Reply bad_input(const Invocation& invocation, const Error& error) {
  const ordered_json said = {{"object", "error"},
                             {"message", error.message},
                             {"type", "BadRequestError"},
                             {"param", nullptr},
                             {"code", 400}};
  return model_error(invocation, 400, to_text(said));
}

Reply plain(const Invocation& invocation, std::string body, const std::string& type) {
  Reply reply{.content_type = type, .body = std::move(body)};
  if (!invocation.stream) return reply;
  reply.content_type = "application/vnd.amazon.eventstream";
  reply.headers.push_back({"X-Amzn-SageMaker-Content-Type", type});
  reply.body = payload_part(reply.body);
  return reply;
}

Reply chat(Service& service, const Invocation& invocation, const std::string& key, Mishap mishap,
           const Request& request) {
  const bool tgi = is_tgi(request.body) || invocation.endpoint == "tgi";
  auto call = tgi ? parse_tgi(request.body) : parse_openai(request.body);
  if (!call) return bad_input(invocation, call.error());
  mishap = mishap_in(last_text(call->prompt, "user"), mishap);
  auto generation = start_generation(service, key, *call, mishap);
  if (!generation) {
    return model_error(invocation, generation.error().original_status, generation.error().message);
  }
  const Stamp stamp{.id = random_uuid(),
                    .created = std::chrono::system_clock::to_time_t(service.options.now())};
  auto writer = tgi ? tgi_writer(*call) : openai_writer(*call, stamp);
  const std::string type(writer->content_type());
  if (invocation.stream) {
    return {.content_type = "application/vnd.amazon.eventstream",
            .headers = {{"X-Amzn-SageMaker-Content-Type", type}},
            .stream = stream_answer(*std::move(generation), std::move(writer), event_stream())};
  }
  auto body = whole_answer(**generation, *writer);
  if (body) return {.content_type = type, .body = *std::move(body)};
  if (body.error().code != ErrorCode::model_error) return cut_reply(type);
  return model_error(invocation, 0, body.error().message);
}

Reply invoke(Service& service, const Invocation& invocation, const std::string& key, Mishap mishap,
             const Request& request) {
  const bool csv = request.header("Content-Type").starts_with("text/csv");
  if (csv) {
    if (const auto sums = score_csv(request.body))
      return plain(invocation, *sums, "text/csv; charset=utf-8");
    return bad_input(invocation, {.message = "expected rows of numbers"});
  }
  if (const auto sums = score_json(request.body))
    return plain(invocation, *sums, "application/json");
  if (invocation.endpoint == "echo") {
    return plain(invocation, request.body, std::string(request.header("Content-Type")));
  }
  return chat(service, invocation, key, mishap, request);
}

}  // namespace

std::string aws_exception_message(std::string_view type, std::string_view payload) {
  const std::array<wire::MessageHeader, 3> headers = {
      {{.name = ":exception-type", .bytes = type},
       {.name = ":content-type", .bytes = "application/json"},
       {.name = ":message-type", .bytes = "exception"}}};
  auto message = wire::encode_message(headers, payload);
  return message ? *std::move(message) : std::string();
}

Reply serve_sagemaker(Service& service, const Request& request) {
  auto invocation = invocation_of(request.path);
  if (!invocation || request.method != "POST") {
    return aws_error(404, "UnknownOperationException", "");
  }
  invocation->region = service.options.region;
  const std::string key = "sagemaker/" + invocation->endpoint;
  if (auto no = refuse_aws(service, request)) {
    service.stats.change(key, [](EndpointCount& count) { ++count.refused; });
    return *std::move(no);
  }
  service.stats.change(key, [](EndpointCount& count) { ++count.requests; });
  const Mishap mishap = mishap_of(service, key, invocation->endpoint);
  if (mishap == Mishap::missing) {
    return aws_error(400, "ValidationError",
                     fmt::format("Endpoint {} of account {} not found.",
                                 printable(invocation->endpoint), account));
  }
  if (mishap == Mishap::busy) {
    return aws_error(429, "ModelNotReadyException",
                     "Either a serverless endpoint variant's resources are still being "
                     "provisioned, or a multi-model endpoint is still downloading or loading the "
                     "target model. Wait and try your request again.");
  }
  Reply reply = invoke(service, *invocation, key, mishap, request);
  if (reply.status != 200) return reply;
  reply.headers.push_back({"x-amzn-RequestId", random_uuid()});
  reply.headers.push_back({"x-Amzn-Invoked-Production-Variant", "AllTraffic"});
  if (const auto echo = request.header("X-Amzn-SageMaker-Custom-Attributes"); !echo.empty()) {
    reply.headers.push_back({"X-Amzn-SageMaker-Custom-Attributes", std::string(echo)});
  }
  return reply;
}

}  // namespace ek::emulator

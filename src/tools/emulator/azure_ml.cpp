// An Azure Machine Learning managed online endpoint: /score, and the chat routes of LLM containers.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "tools/emulator/answer_body.hpp"
#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"
#include "tools/emulator/service.hpp"
#include "tools/emulator/tabular.hpp"

namespace ek::emulator {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view scope = "https://ml.azure.com/.default";

Reply plain_text(int status, std::string body) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(body)};
}

Reply unauthorized(std::string body, std::string_view why) {
  Reply reply = plain_text(401, std::move(body));
  reply.headers.push_back(
      {"WWW-Authenticate",
       fmt::format("Bearer error=\"invalid_token\", error_description=\"{}\"", why)});
  return reply;
}

// 424: the container's own status stands in a header, its body is the body.
Reply model_error(int status, std::string_view reason, std::string body) {
  Reply reply{.status = 424, .body = std::move(body)};
  reply.headers = {{"ms-azureml-model-error-statuscode", std::to_string(status)},
                   {"ms-azureml-model-error-reason", std::string(reason)}};
  return reply;
}

Reply container_failed(const Error& error) {
  const int status = error.original_status >= 400 ? error.original_status : 500;
  return model_error(status, "model_error", to_text(ordered_json{{"message", error.message}}));
}

Reply bad_input(const Error& error) {
  return model_error(400, "model_error", to_text(ordered_json{{"message", error.message}}));
}

bool wants_events(const Request& request) {
  return request.header("Accept").find("text/event-stream") != std::string_view::npos;
}
bool takes_json(const Request& request) {
  const std::string_view accept = request.header("Accept");
  return accept.empty() || accept.find("json") != std::string_view::npos ||
         accept.find("*/*") != std::string_view::npos;
}

// Only a flow that streams can answer a caller who takes nothing but events.
Reply not_acceptable() {
  const ordered_json body = {{"error",
                              {{"code", "UserError"},
                               {"message",
                                "The flow does not stream, and the Accept header allows only "
                                "text/event-stream. Add application/json to it."}}}};
  return model_error(406, "model_error", to_text(body));
}

struct Job {
  ChatCall call;
  std::unique_ptr<Writer> writer;
  bool stream = false;
};

Reply run(Service& service, const std::string& key, Mishap mishap, Job job) {
  mishap = mishap_in(last_text(job.call.prompt, "user"), mishap);
  auto generation = start_generation(service, key, job.call, mishap);
  if (!generation) return container_failed(generation.error());
  std::string type(job.writer->content_type());
  if (job.stream) {
    return {.content_type = std::move(type),
            .stream = stream_answer(*std::move(generation), std::move(job.writer))};
  }
  auto body = whole_answer(**generation, *job.writer);
  if (body) return {.content_type = std::move(type), .body = *std::move(body)};
  if (body.error().code != ErrorCode::model_error) return cut_reply(type);
  return container_failed(body.error());
}

Reply chat(Service& service, const std::string& key, Mishap mishap, const Request& request) {
  auto call = parse_openai(request.body);
  if (!call) return bad_input(call.error());
  const Stamp stamp{.id = random_uuid(),
                    .created = std::chrono::system_clock::to_time_t(service.options.now())};
  auto writer = openai_writer(*call, stamp);
  const bool stream = call->stream;
  return run(service, key, mishap,
             {.call = *std::move(call), .writer = std::move(writer), .stream = stream});
}

Reply flow(Service& service, const std::string& key, Mishap mishap, const Request& request) {
  auto call = parse_prompt_flow(request.body);
  if (!call) return bad_input(call.error());
  const bool stream = wants_events(request);
  Reply reply =
      run(service, key, mishap,
          {.call = *std::move(call), .writer = prompt_flow_writer(stream), .stream = stream});
  // Prompt flow's end is the end of the connection.
  reply.close = stream;
  return reply;
}

Reply score(Service& service, const std::string& key, Mishap mishap, const Request& request) {
  if (is_prompt_flow(request.body)) return flow(service, key, mishap, request);
  if (!takes_json(request)) return not_acceptable();
  if (mishap_in(request.body, mishap) == Mishap::failing) {
    return container_failed({.message = "the scoring script failed, as ordered"});
  }
  if (const auto sums = score_json(request.body)) return {.body = *sums};
  const std::string_view type = request.header("Content-Type");
  return {.content_type = std::string(type.empty() ? "application/octet-stream" : type),
          .body = request.body};
}

void add_ids(Reply& reply, const Request& request) {
  reply.headers.push_back({"x-request-id", random_uuid()});
  const std::string_view id = request.header("x-ms-client-request-id");
  if (!id.empty())
    reply.headers.push_back({"x-ms-client-request-id", std::string(id.substr(0, 40))});
}

Reply dispatch(Service& service, const std::string& key, const Request& request) {
  std::string deployment(request.header("azureml-model-deployment"));
  if (deployment.empty()) deployment = "blue";
  const Mishap mishap = mishap_of(service, key, deployment);
  if (mishap == Mishap::missing) {
    return plain_text(
        404, fmt::format("There is no deployment \"{}\" with traffic.", printable(deployment)));
  }
  if (mishap == Mishap::busy) {
    Reply reply = plain_text(429, "");
    reply.headers = {{"ms-azureml-model-error-reason", "too_many_pending_request"},
                     {"ms-azureml-model-error-statuscode", "429"}};
    return reply;
  }
  Reply reply = request.path == "/score" ? score(service, key, mishap, request)
                                         : chat(service, key, mishap, request);
  reply.headers.push_back({"azureml-model-deployment", deployment});
  return reply;
}

}  // namespace

std::optional<Reply> refuse_azure(Service& service, const Request& request) {
  const auto token = request.bearer();
  if (!token) return unauthorized("key_auth_bad_header_forbidden", "no bearer token was sent");
  if (Secret(std::string(*token)) == service.secrets.azure_key) return std::nullopt;
  const auto issued = service.entra_tokens.find(std::string(*token));
  const char* why = !issued                  ? "neither a key nor a token of this endpoint"
                    : issued->scope != scope ? "the audience is invalid"
                    : issued->expiry <= service.options.now() ? "the token has expired"
                                                              : nullptr;
  if (why == nullptr) return std::nullopt;
  return unauthorized("key_auth_access_denied", why);
}

Reply serve_azure_ml(Service& service, const Request& request) {
  const std::string key = "azureml" + request.path;
  Reply reply;
  if (auto no = refuse_azure(service, request)) {
    service.stats.change(key, [](EndpointCount& count) { ++count.refused; });
    reply = *std::move(no);
  } else {
    service.stats.change(key, [](EndpointCount& count) { ++count.requests; });
    reply = dispatch(service, key, request);
  }
  add_ids(reply, request);
  return reply;
}

}  // namespace ek::emulator

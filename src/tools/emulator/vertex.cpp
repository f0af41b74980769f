// Vertex AI prediction over REST, v1 and v1beta1.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "tools/emulator/answer_body.hpp"
#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"
#include "tools/emulator/service.hpp"
#include "tools/emulator/tabular.hpp"

namespace ek::emulator {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

enum class Verb {
  generate,
  stream_generate,
  count_tokens,
  chat,
  raw_predict,
  stream_raw_predict,
  predict
};

struct Method {
  std::string_view suffix;
  std::string_view rpc;
  Verb verb;
};
constexpr auto methods = std::to_array<Method>({
    {":generateContent", "PredictionService.GenerateContent", Verb::generate},
    {":streamGenerateContent", "PredictionService.StreamGenerateContent", Verb::stream_generate},
    {":countTokens", "LlmUtilityService.CountTokens", Verb::count_tokens},
    {"/chat/completions", "PredictionService.ChatCompletions", Verb::chat},
    {":rawPredict", "PredictionService.RawPredict", Verb::raw_predict},
    {":streamRawPredict", "PredictionService.StreamRawPredict", Verb::stream_raw_predict},
    {":predict", "PredictionService.Predict", Verb::predict},
});

struct Target {
  std::string project{}, location{};
  std::string resource{};  ///< "publishers/google/models/M" or "endpoints/E".
  std::string name{};      ///< M or E.
  const Method* method = nullptr;

  [[nodiscard]] bool is_endpoint() const { return resource.starts_with("endpoints/"); }
  [[nodiscard]] std::string full_name() const {
    return fmt::format("projects/{}/locations/{}/{}", project, location, resource);
  }
  [[nodiscard]] std::string key() const { return "vertex/" + name; }
};

// The next segment of a path, which is shortened by it.
std::string take_segment(std::string_view& path) {
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(path.size(), segment.size() + 1));
  return percent_decode(segment);
}

// "/v1/projects/P/locations/L/publishers/PUB/models/M:verb" or ".../endpoints/E…".
std::optional<Target> target_of(std::string_view path) {
  const auto method = std::find_if(methods.begin(), methods.end(),
                                   [&](const Method& m) { return path.ends_with(m.suffix); });
  if (method == methods.end()) return std::nullopt;
  path.remove_suffix(method->suffix.size());
  path.remove_prefix(1);
  take_segment(path);  // the version, which routes.cpp has looked at
  if (take_segment(path) != "projects") return std::nullopt;
  Target target{.project = take_segment(path), .method = &*method};
  if (take_segment(path) != "locations") return std::nullopt;
  target.location = take_segment(path);
  target.resource = percent_decode(path);
  const std::string kind = take_segment(path);
  if (kind == "publishers") {
    take_segment(path);
    if (take_segment(path) != "models") return std::nullopt;
  } else if (kind != "endpoints") {
    return std::nullopt;
  }
  target.name = percent_decode(path);
  const bool whole = !target.name.empty() && target.name.find('/') == std::string::npos;
  return whole ? std::optional(std::move(target)) : std::nullopt;
}

Reply not_found(const Target& target) {
  const std::string text =
      target.is_endpoint()
          ? fmt::format("Endpoint `{}` not found.", printable(target.full_name()))
          : fmt::format(
                "Publisher Model `{}` was not found or your project does not have access to "
                "it. Please ensure you are using a valid model version.",
                printable(target.full_name()));
  return google_error(404, "NOT_FOUND", text);
}

Stamp stamp_of(const Service& service) {
  return {.id = random_uuid(),
          .created = std::chrono::system_clock::to_time_t(service.options.now())};
}

// One body or a stream of it; `streamed` says which.
Reply answer_with(std::unique_ptr<Generation> generation, std::unique_ptr<Writer> writer,
                  bool streamed, const std::function<Reply(const Error&)>& failed) {
  std::string type(writer->content_type());
  if (streamed) {
    return {.content_type = std::move(type),
            .stream = stream_answer(std::move(generation), std::move(writer))};
  }
  auto body = whole_answer(*generation, *writer);
  if (body) return {.content_type = std::move(type), .body = *std::move(body)};
  if (body.error().code != ErrorCode::model_error) return cut_reply(type);
  return failed(body.error());
}

Reply internal_error(const Error& error) {
  return google_error(500, "INTERNAL", "Internal error encountered: " + error.message);
}

Reply generate_content(Service& service, const Target& target, Mishap mishap,
                       const Request& request) {
  auto call = parse_gemini(request.body);
  if (!call) return google_error(400, "INVALID_ARGUMENT", call.error().message);
  call->model = target.name;
  if (target.method->verb == Verb::count_tokens) {
    const int count = answer(call->prompt).prompt_tokens;
    return {.content_type = "application/json; charset=UTF-8",
            .body = to_text(ordered_json{{"totalTokens", count}}, 2) + "\n"};
  }
  GeminiForm form = GeminiForm::whole;
  if (target.method->verb == Verb::stream_generate) {
    form = request.parameter("alt") == "sse" ? GeminiForm::sse : GeminiForm::array;
  }
  mishap = mishap_in(last_text(call->prompt, "user"), mishap);
  auto generation = start_generation(service, target.key(), *call, mishap);
  if (!generation) {
    Reply reply = internal_error(generation.error());
    // The array form wraps its errors too.
    if (form == GeminiForm::array) reply.body = "[" + reply.body + "]";
    return reply;
  }
  return answer_with(*std::move(generation), gemini_writer(*call, stamp_of(service), form),
                     form != GeminiForm::whole, internal_error);
}

// A container's own error; its status passes through.
Reply container_error(int status, std::string_view message) {
  const ordered_json body = {{"object", "error"},
                             {"message", message},
                             {"type", status < 500 ? "BadRequestError" : "InternalServerError"},
                             {"param", nullptr},
                             {"code", status}};
  return {.status = status, .body = to_text(body)};
}

Reply container_failed(const Error& error) {
  return container_error(error.original_status >= 400 ? error.original_status : 500, error.message);
}

Reply chat(Service& service, const Target& target, Mishap mishap, const Request& request) {
  auto call = parse_openai(request.body);
  if (!call) {
    return target.method->verb == Verb::chat
               ? google_error(400, "INVALID_ARGUMENT", call.error().message)
               : container_error(400, call.error().message);
  }
  mishap = mishap_in(last_text(call->prompt, "user"), mishap);
  auto generation = start_generation(service, target.key(), *call, mishap);
  if (!generation) return container_failed(generation.error());
  return answer_with(*std::move(generation), openai_writer(*call, stamp_of(service)), call->stream,
                     container_failed);
}

void add_raw_headers(Reply& reply, const Target& target) {
  if (!target.is_endpoint()) return;
  reply.headers.push_back({"X-Vertex-AI-Endpoint-Id", target.name});
  reply.headers.push_back({"X-Vertex-AI-Deployed-Model-Id", "4242424242424242424"});
  reply.headers.push_back({"X-Vertex-AI-Model", "projects/" + target.project + "/locations/" +
                                                    target.location + "/models/emulated-model"});
  reply.headers.push_back({"X-Vertex-AI-Model-Version-Id", "1"});
}

Reply raw_predict(Service& service, const Target& target, Mishap mishap, const Request& request) {
  Reply reply;
  if (const auto sums = score_json(request.body)) {
    reply.body = *sums;
  } else if (target.name == "echo") {
    reply.content_type = std::string(request.header("Content-Type"));
    reply.body = request.body;
  } else {
    reply = chat(service, target, mishap, request);
  }
  add_raw_headers(reply, target);
  return reply;
}

Reply prediction(const Target& target, const ordered_json& predictions) {
  const ordered_json body = {{"predictions", predictions},
                             {"deployedModelId", "4242424242424242424"},
                             {"model", fmt::format("projects/{}/locations/{}/models/emulated-model",
                                                   target.project, target.location)},
                             {"modelDisplayName", "emulated-model"},
                             {"modelVersionId", "1"}};
  return {.content_type = "application/json; charset=UTF-8", .body = to_text(body, 2) + "\n"};
}

// An instance of a language model: a chat, {"prompt": …} or the prompt itself; none for others.
std::optional<ChatCall> call_of(const json& instance) {
  if (instance.is_object() && text_in(instance, "@requestFormat") == "chatCompletions") {
    auto call = parse_openai(to_text(instance));
    if (!call) return std::nullopt;
    call->stream = false;
    return *std::move(call);
  }
  ChatCall call;
  const std::string prompt = instance.is_string()   ? instance.get<std::string>()
                             : instance.is_object() ? text_in(instance, "prompt")
                                                    : "";
  if (prompt.empty()) return std::nullopt;
  call.prompt.messages.push_back({.role = "user", .text = prompt});
  if (instance.is_object())
    call.prompt.max_tokens = tokens_in(instance, "max_tokens", call.prompt.max_tokens);
  call.openai_json = openai_body(call);
  return call;
}

Result<std::string> text_of(Generation& generation) {
  std::string text;
  while (true) {
    auto piece = generation.next();
    if (!piece) return piece.error();
    if (!*piece) return text;
    if ((**piece).kind == Piece::Kind::text) text += (**piece).text;
  }
}

Reply predict(Service& service, const Target& target, Mishap mishap, const Request& request) {
  const json body = parse_json<json>(request.body);
  if (!body.is_object() || !body.contains("instances") || !body["instances"].is_array()) {
    return google_error(400, "INVALID_ARGUMENT", "Required field 'instances' is missing.");
  }
  if (const auto sums = score_json(request.body)) {
    return prediction(target, ordered_json::parse(*sums)["predictions"]);
  }
  ordered_json predictions = ordered_json::array();
  for (const json& instance : body["instances"]) {
    const auto call = call_of(instance);
    if (!call) return google_error(400, "INVALID_ARGUMENT", "The instance is not understood.");
    const bool chats = instance.is_object() && instance.contains("@requestFormat");
    const Mishap ordered = mishap_in(last_text(call->prompt, "user"), mishap);
    auto generation = start_generation(service, target.key(), *call, ordered);
    if (!generation) return internal_error(generation.error());
    const auto writer = openai_writer(*call, stamp_of(service));
    const auto text = chats ? whole_answer(**generation, *writer) : text_of(**generation);
    if (!text) return internal_error(text.error());
    // Model Garden's servers give a chat completion in place of the list.
    if (chats) return prediction(target, ordered_json::parse(*text));
    predictions.push_back(*text);
  }
  return prediction(target, predictions);
}

Reply dispatch(Service& service, const Target& target, const Request& request) {
  const Mishap mishap = mishap_of(service, target.key(), target.name);
  if (mishap == Mishap::missing) return not_found(target);
  if (mishap == Mishap::busy) {
    return google_error(429, "RESOURCE_EXHAUSTED",
                        "Resource exhausted, please try again later. Please refer to "
                        "https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for "
                        "more details.");
  }
  switch (target.method->verb) {
    case Verb::generate:
    case Verb::stream_generate:
    case Verb::count_tokens:
      return generate_content(service, target, mishap, request);
    case Verb::chat:
      return target.is_endpoint() ? chat(service, target, mishap, request) : not_found(target);
    case Verb::raw_predict:
    case Verb::stream_raw_predict:
      return raw_predict(service, target, mishap, request);
    case Verb::predict:
      return predict(service, target, mishap, request);
  }
  return not_found(target);
}

}  // namespace

Reply serve_vertex(Service& service, const Request& request) {
  const auto target = target_of(request.path);
  if (!target || request.method != "POST") {
    // Google's front end answers paths that it does not know in HTML.
    return {.status = 404,
            .content_type = "text/html; charset=UTF-8",
            .body =
                "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n"
                "<p>The requested URL was not found on this server.\n"};
  }
  const std::string key = target->key();
  if (auto no = refuse_google(service, request, target->project, target->method->rpc)) {
    service.stats.change(key, [](EndpointCount& count) { ++count.refused; });
    if (target->method->verb == Verb::stream_generate && request.parameter("alt") != "sse")
      no->body = "[" + no->body + "]";
    return *std::move(no);
  }
  service.stats.change(key, [](EndpointCount& count) { ++count.requests; });
  return dispatch(service, *target, request);
}

}  // namespace ek::emulator

// Google Vertex AI prediction over REST: generateContent, rawPredict, predict and chat/completions.
#include "endpointkit/vertex.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "cloud/family/options.hpp"
#include "cloud/family/status.hpp"
#include "cloud/vertex/entry.hpp"
#include "endpoint/cloud.hpp"
#include "endpointkit/version.hpp"

namespace ek::vertex {
namespace {

struct Address {
  std::string project{}, location{};
  std::string resource{};  // below the location: "endpoints/…" or "publishers/…"
  std::string base_url{};
};

class Vertex final : public Cloud {
 public:
  Vertex(Address address, std::string dialect, EndpointOptions options)
      : address_(std::move(address)), dialect_(std::move(dialect)), options_(std::move(options)) {}

  std::string uri() const override {
    const std::string_view resource = address_.resource;
    const std::string_view endpoints = "endpoints/";
    return fmt::format(
        "vertex://{}/{}/{}", address_.project, address_.location,
        resource.starts_with(endpoints) ? resource.substr(endpoints.size()) : resource);
  }
  SigningScope scope() const override {
    return {.google_scope = "https://www.googleapis.com/auth/cloud-platform",
            .service = "Vertex AI"};
  }
  std::string_view dialect() const noexcept override { return dialect_; }
  dialect::EncodeHints hints() const override {
    // "openapi" serves many models; every other address names its one.
    const std::string model = option(options_, "model");
    return {.omit_model = model.empty() && !is_openapi(), .model = model};
  }

  HttpRequest address(Operation operation) const override {
    const std::string version = option(options_, "api_version", "v1");
    HttpRequest request{
        .url = fmt::format("{}/{}/projects/{}/locations/{}/{}{}", address_.base_url, version,
                           percent_encode(address_.project, ":"), address_.location,
                           percent_encode(address_.resource, "/@"), method(operation)),
        .body = std::move(operation.body)};
    request.headers.push_back({"Content-Type", operation.content_type});
    if (!operation.accept.empty()) request.headers.push_back({"Accept", operation.accept});
    request.headers.push_back({"x-goog-api-client", "gl-cpp/20 endpointkit/" ENDPOINTKIT_VERSION});
    const auto add = [&](std::string_view key, const char* header) {
      if (const std::string value = option(options_, key); !value.empty())
        request.headers.push_back({header, value});
    };
    add("quota_project", "x-goog-user-project");
    add("request_type", "X-Vertex-AI-LLM-Request-Type");
    return request;
  }

  // Without it the service gives up after about 300 s, whatever the client waits for.
  std::vector<Header> attempt_headers(const Attempt& attempt) const override {
    if (attempt.time_left.count() <= 0) return {};
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(attempt.time_left).count();
    return {{"X-Server-Timeout", std::to_string(seconds)}};
  }

  std::string request_id(const HttpHead& head) const override {
    return std::string(head.header("x-request-id"));
  }

  Error explain(const HttpHead& head, std::string_view body) const override {
    Error error = explain_body(head.status, body);
    add_advice(error, head);
    return error;
  }

 private:
  bool is_openapi() const { return address_.resource == "endpoints/openapi"; }
  bool is_endpoint() const { return address_.resource.starts_with("endpoints/"); }

  std::string_view method(const Operation& operation) const {
    const bool chat = operation.kind == Operation::Kind::chat;
    if (chat && dialect_ == "openai" && is_endpoint()) return "/chat/completions";
    if (dialect_ == "gemini")
      return operation.stream ? ":streamGenerateContent?alt=sse" : ":generateContent";
    if (!operation.stream && option(options_, "method") == "predict") return ":predict";
    return operation.stream ? ":streamRawPredict" : ":rawPredict";
  }

  void add_advice(Error& error, const HttpHead& head) const {
    if (error.reason == "SERVICE_DISABLED") {
      error.message += "; enable the API and wait a few minutes";
    } else if (error.code == ErrorCode::permission) {
      error.message += fmt::format("; the identity needs {} on project {} (role Vertex AI User)",
                                   needed_permission(error.message, "aiplatform.endpoints.predict"),
                                   address_.project);
    } else if (error.code == ErrorCode::not_found) {
      error.message +=
          fmt::format("; check that {} exists in {}", address_.resource, address_.location);
    } else if (head.status == 401) {
      error.message +=
          "; the token was refused: check the key file, its account and this machine's clock";
    }
  }

  Address address_;
  std::string dialect_;
  EndpointOptions options_;
};

bool is_project(std::string_view text) {
  // Domain-scoped projects look like "example.com:my-project".
  return !text.empty() && text.size() <= 100 && std::all_of(text.begin(), text.end(), [](char c) {
    return percent_encode({&c, 1}, ":") == std::string(1, c);
  });
}

// The resource as it stands below the location, or "" if it is neither form.
std::string resource_of(std::string_view text) {
  if (text.starts_with("publishers/")) {
    const auto models = text.find("/models/");
    const bool whole = models != std::string_view::npos && models > 11 &&
                       models + 8 < text.size() &&
                       text.find('/', models + 8) == std::string_view::npos;
    return whole ? std::string(text) : "";
  }
  if (text.starts_with("endpoints/")) text.remove_prefix(10);
  return text.empty() || text.find('/') != std::string_view::npos
             ? ""
             : "endpoints/" + std::string(text);
}

std::string default_dialect(std::string_view resource) {
  return resource.starts_with("publishers/google/") ? "gemini" : "openai";
}

Result<std::string> base_url_of(std::string_view location, const EndpointOptions& options,
                                const Environment& environment) {
  if (const std::string given = option(options, "base_url"); !given.empty())
    return check_base_url(given, "base_url");
  if (const std::string set = variable(environment, "GOOGLE_VERTEX_BASE_URL"); !set.empty()) {
    return check_base_url(set, "GOOGLE_VERTEX_BASE_URL");
  }
  return "https://" + host_of(location);
}

Result<std::unique_ptr<Cloud>> make(std::string project, std::string location,
                                    std::string_view resource, const EndpointOptions& options,
                                    const Environment& environment) {
  if (auto known = check_known(options, "Vertex AI",
                               {"api_version", "base_url", "dialect", "method", "model",
                                "quota_project", "request_type"});
      !known) {
    return known.error();
  }
  if (!is_project(project))
    return invalid(fmt::format("\"{}\" is no Google Cloud project id", project));
  if (!is_host_label(location)) {
    return invalid(fmt::format(
        "\"{}\" is no location; expected one like \"europe-west4\", \"eu\" or \"global\"",
        location));
  }
  Address address{.project = std::move(project),
                  .location = std::move(location),
                  .resource = resource_of(resource)};
  if (address.resource.empty()) {
    return invalid(
        fmt::format("\"{}\" is no Vertex AI resource; expected an endpoint id, \"openapi\" or "
                    "publishers/PUBLISHER/models/MODEL",
                    resource));
  }
  if (const std::string method = option(options, "method");
      !method.empty() && method != "predict" && method != "rawPredict") {
    return invalid(fmt::format("method is \"{}\"; expected \"predict\" or \"rawPredict\"", method));
  }
  if (const std::string version = option(options, "api_version", "v1");
      version != "v1" && version != "v1beta1") {
    return invalid(fmt::format("api_version is \"{}\"; expected \"v1\" or \"v1beta1\"", version));
  }
  auto base_url = base_url_of(address.location, options, environment);
  if (!base_url) return base_url.error();
  address.base_url = *std::move(base_url);
  std::string dialect = option(options, "dialect", default_dialect(address.resource));
  return std::unique_ptr<Cloud>(
      std::make_unique<Vertex>(std::move(address), std::move(dialect), options));
}

}  // namespace

std::string host_of(std::string_view location) {
  if (location == "global") return "aiplatform.googleapis.com";
  // The multi-regions: us-aiplatform.googleapis.com does not exist.
  if (location == "us" || location == "eu")
    return fmt::format("aiplatform.{}.rep.googleapis.com", location);
  return fmt::format("{}-aiplatform.googleapis.com", location);
}

Result<std::unique_ptr<Cloud>> open_uri(const Uri& uri, const EndpointOptions& options,
                                        const Environment& environment) {
  const std::string_view path = uri.path;
  const auto slash = path.find('/', 1);
  if (path.size() < 2 || slash == std::string_view::npos || slash + 1 >= path.size()) {
    return invalid(
        "expected vertex://PROJECT/LOCATION/ENDPOINT-ID or "
        "vertex://PROJECT/LOCATION/publishers/PUBLISHER/models/MODEL");
  }
  // A domain-scoped project holds a colon and must be written with %3A, since a port would stand
  // there.
  if (uri.port != 0) return invalid("write the colon of a domain-scoped project as %3A");
  return make(percent_decode(uri.host), std::string(path.substr(1, slash - 1)),
              percent_decode(path.substr(slash + 1)), options, environment);
}

Result<Endpoint> open(const Client& client, const Config& config, const Credentials& credentials) {
  const EndpointOptions options = set_options(
      {{"dialect", config.dialect}, {"model", config.model}, {"base_url", config.base_url}});
  auto cloud =
      make(config.project, config.location, config.resource, options, environment_of(client));
  if (!cloud) return cloud.error();
  return make_endpoint(client, *std::move(cloud), credentials);
}

}  // namespace ek::vertex

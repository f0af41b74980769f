// Azure Machine Learning online endpoints: the container's routes behind the service's front end.
#include "endpointkit/azure_ml.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "cloud/azure_ml/entry.hpp"
#include "cloud/family/options.hpp"
#include "cloud/family/status.hpp"
#include "endpoint/cloud.hpp"

namespace ek::azure_ml {
namespace {

struct Family {
  std::string_view host_suffix, scope;
};
constexpr std::array<Family, 5> families = {{
    {".inference.ml.azure.com", "https://ml.azure.com/.default"},
    {".inference.ml.azure.us", "https://ml.azure.us/.default"},
    {".inference.ml.azure.cn", "https://ml.azure.cn/.default"},
    {".models.ai.azure.com", "https://cognitiveservices.azure.com/.default"},
    {".inference.ai.azure.com", "https://cognitiveservices.azure.com/.default"},
}};

// https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-online-endpoint
constexpr std::string_view score_action =
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action";

class AzureMl final : public Cloud {
 public:
  AzureMl(std::string host, std::string path, std::string base_url, EndpointOptions options)
      : host_(std::move(host)),
        path_(std::move(path)),
        base_url_(std::move(base_url)),
        options_(std::move(options)),
        dialect_(
            option(options_, "dialect", path_.ends_with("/chat/completions") ? "openai" : "raw")),
        scope_(option(options_, "scope", scope_of(host_))) {}

  std::string uri() const override { return fmt::format("azureml://{}{}", host_, path_); }
  SigningScope scope() const override {
    return {.entra_scope = scope_, .accepts_key = true, .service = "Azure ML"};
  }
  std::string_view dialect() const noexcept override { return dialect_; }
  dialect::EncodeHints hints() const override {
    const std::string model = option(options_, "model");
    return {.omit_model = model.empty(), .model = model};
  }

  HttpRequest address(Operation operation) const override {
    HttpRequest request{.url = base_url_ + path_, .body = std::move(operation.body)};
    request.headers.push_back({"Content-Type", operation.content_type});
    std::string accept = std::move(operation.accept);
    if (accept.empty() && operation.stream) accept = "text/event-stream, application/json";
    if (!accept.empty()) request.headers.push_back({"Accept", accept});
    if (const std::string deployment = option(options_, "deployment"); !deployment.empty()) {
      request.headers.push_back({"azureml-model-deployment", deployment});
    }
    return request;
  }

  // At most 40 characters of A-Z a-z 0-9 - _ are kept by the service; a UUID has 36.
  std::vector<Header> attempt_headers(const Attempt& attempt) const override {
    return {{"x-ms-client-request-id", std::string(attempt.call_id)}};
  }

  std::string request_id(const HttpHead& head) const override {
    const std::string_view id = head.header("x-request-id");
    return std::string(id.empty() ? head.header("x-ms-request-id") : id);
  }

  Error explain(const HttpHead& head, std::string_view body) const override {
    Error error = explain_body(head.status, body);
    if (head.status == 424) unwrap_model_error(error, head);
    add_advice(error, head.status);
    return error;
  }

 private:
  // 424 means that the container answered, and how: its status stands in a header.
  static void unwrap_model_error(Error& error, const HttpHead& head) {
    const std::string_view text = head.header("ms-azureml-model-error-statuscode");
    std::from_chars(text.data(), text.data() + text.size(), error.original_status);
    const std::string_view reason = head.header("ms-azureml-model-error-reason");
    if (error.provider_code.empty()) error.provider_code = std::string(reason);
    const bool busy = error.original_status == 429 || error.original_status == 503;
    error.code = busy ? ErrorCode::unavailable : ErrorCode::model_error;
    error.retryable = busy;
    if (error.original_status != 0) {
      error.message = fmt::format("the model's container answered {}: {}", error.original_status,
                                  error.message);
    }
  }

  void add_advice(Error& error, int status) const {
    if (status == 401) {
      error.message += fmt::format(
          "; with a key, check that it belongs to {}; with an Entra token, its audience must be "
          "that of scope {} and the identity needs the action {}",
          host_, scope_.empty() ? "(none is known for this host; set scope)" : scope_,
          score_action);
    } else if (error.code == ErrorCode::permission) {
      error.message += fmt::format(
          "; the identity needs the action {} on the endpoint (role AzureML Data Scientist)",
          needed_permission(error.message, score_action));
    } else if (status == 404) {
      error.message += fmt::format("; check the path {} and that a deployment{} has traffic", path_,
                                   option(options_, "deployment").empty() ? "" : " of that name");
    } else if (status == 408) {
      error.message +=
          "; the deployment's request_timeout_ms (5 s unless set) ran out, and the model may still "
          "be running";
    } else if (error.original_status == 404) {
      error.message += fmt::format("; the container has no route {}", path_);
    }
  }

  std::string host_, path_, base_url_;
  EndpointOptions options_;
  std::string dialect_, scope_;
};

bool is_host(std::string_view host) {
  while (!host.empty()) {
    const std::string_view label = host.substr(0, host.find('.'));
    if (!is_host_label(label)) return false;
    host.remove_prefix(std::min(host.size(), label.size() + 1));
  }
  return true;
}

Result<std::string> base_url_of(const std::string& host, const EndpointOptions& options,
                                const Environment& environment) {
  if (const std::string given = option(options, "base_url"); !given.empty())
    return check_base_url(given, "base_url");
  if (const std::string set = variable(environment, "AZUREML_BASE_URL"); !set.empty()) {
    return check_base_url(set, "AZUREML_BASE_URL");
  }
  return "https://" + host;
}

Result<std::unique_ptr<Cloud>> make(const std::string& host, std::string path,
                                    const EndpointOptions& options,
                                    const Environment& environment) {
  if (auto known =
          check_known(options, "Azure ML", {"base_url", "deployment", "dialect", "model", "scope"});
      !known) {
    return known.error();
  }
  const std::string_view name = std::string_view(host).substr(0, host.rfind(':'));
  if (name.empty() || !is_host(name)) {
    return invalid(
        fmt::format("\"{}\" is no host; expected the endpoint's, like "
                    "\"my-endpoint.westeurope.inference.ml.azure.com\"",
                    host));
  }
  if (path.empty() || path == "/") path = "/score";
  auto base_url = base_url_of(host, options, environment);
  if (!base_url) return base_url.error();
  return std::unique_ptr<Cloud>(
      std::make_unique<AzureMl>(host, std::move(path), *std::move(base_url), options));
}

}  // namespace

std::string scope_of(std::string_view host) {
  const std::string lower = to_lower(host.substr(0, host.rfind(':')));
  for (const Family& family : families) {
    if (lower.ends_with(family.host_suffix)) return std::string(family.scope);
  }
  return {};
}

Result<std::unique_ptr<Cloud>> open_uri(const Uri& uri, const EndpointOptions& options,
                                        const Environment& environment) {
  return make(uri.authority(), uri.path, options, environment);
}

Result<Endpoint> open(const Client& client, const Config& config, const Credentials& credentials) {
  const EndpointOptions options = set_options({{"dialect", config.dialect},
                                               {"deployment", config.deployment},
                                               {"scope", config.scope},
                                               {"base_url", config.base_url}});
  auto cloud = make(config.host, config.path, options, environment_of(client));
  if (!cloud) return cloud.error();
  return make_endpoint(client, *std::move(cloud), credentials);
}

}  // namespace ek::azure_ml

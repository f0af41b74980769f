// Amazon SageMaker Runtime: InvokeEndpoint and InvokeEndpointWithResponseStream (API 2017-05-13),
// and the OpenAI-compatible route to the same endpoints, which takes a bearer token and streams
// plain SSE.
#include "endpointkit/sagemaker.hpp"

#include <fmt/format.h>

#include <array>

#include "base/uri.hpp"
#include "cloud/family/aws.hpp"
#include "cloud/family/options.hpp"
#include "cloud/family/status.hpp"
#include "cloud/sagemaker/entry.hpp"
#include "endpoint/cloud.hpp"
#include "signing/aws/endpoints.hpp"
#include "wire/event_stream.hpp"

namespace ek::sagemaker {
namespace {

// Option, request header, and whether the streamed operation knows that header too.
struct RequestHeader {
  std::string_view option, header;
  bool streamed;
};
constexpr std::array<RequestHeader, 7> request_headers = {{
    {"inference_component", "X-Amzn-SageMaker-Inference-Component", true},
    {"target_variant", "X-Amzn-SageMaker-Target-Variant", true},
    {"target_container", "X-Amzn-SageMaker-Target-Container-Hostname", true},
    {"custom_attributes", "X-Amzn-SageMaker-Custom-Attributes", true},
    {"inference_id", "X-Amzn-SageMaker-Inference-Id", true},
    {"session_id", "X-Amzn-SageMaker-Session-Id", true},
    {"target_model", "X-Amzn-SageMaker-Target-Model", false},
}};

class SageMaker final : public Cloud {
 public:
  SageMaker(std::string region, std::string endpoint, std::string base_url, RetryPolicy retry,
            EndpointOptions options)
      : region_(std::move(region)),
        endpoint_(std::move(endpoint)),
        base_url_(std::move(base_url)),
        dialect_(option(options, "dialect", "openai")),
        openai_route_(option(options, "route") == "openai"),
        retry_(retry),
        options_(std::move(options)),
        unary_(base_request("invocations", false)),
        streamed_(base_request("invocations-response-stream", true)) {}

  std::string uri() const override { return fmt::format("sagemaker://{}/{}", region_, endpoint_); }
  SigningScope scope() const override {
    return {.aws_service = "sagemaker",
            .aws_region = region_,
            .aws_bearer = openai_route_,
            .accepts_key = openai_route_,
            .service = "SageMaker"};
  }
  std::string_view dialect() const noexcept override { return dialect_; }

  RetryPolicy retry() const override { return retry_; }

  HttpRequest address(Operation operation) const override {
    if (openai_route_) return openai_address(std::move(operation));
    HttpRequest request = operation.stream ? streamed_ : unary_;
    request.body = std::move(operation.body);
    request.headers.push_back({"Content-Type", std::move(operation.content_type)});
    if (!operation.accept.empty()) {
      // The streamed operation carries it under another name.
      request.headers.push_back(
          {operation.stream ? "X-Amzn-SageMaker-Accept" : "Accept", operation.accept});
    }
    return request;
  }

  std::vector<Header> attempt_headers(const Attempt& attempt) const override {
    std::vector<Header> headers;
    headers.reserve(2);
    headers.push_back({"amz-sdk-invocation-id", std::string(attempt.call_id)});
    headers.push_back(
        {"amz-sdk-request", fmt::format("attempt={}; max={}", attempt.number, attempt.max)});
    return headers;
  }

  std::unique_ptr<wire::Decoder> unwrap(const HttpHead& head) const override {
    // The second header is only there where the answer is wrapped, whatever a proxy made of the
    // first.
    if (!head.header("content-type").starts_with("application/vnd.amazon.eventstream") &&
        head.header("x-amzn-sagemaker-content-type").empty()) {
      return nullptr;
    }
    return std::make_unique<wire::EventStreamDecoder>(aws::explain_exception);
  }

  std::string content_type(const HttpHead& head) const override {
    const std::string_view inner = head.header("x-amzn-sagemaker-content-type");
    return std::string(inner.empty() ? head.header("content-type") : inner);
  }

  std::string request_id(const HttpHead& head) const override {
    return std::string(head.header("x-amzn-requestid"));
  }

  Error explain(const HttpHead& head, std::string_view body) const override {
    // Behind the front door this route complains as OpenAI does.
    if (openai_route_ && head.header("x-amzn-errortype").empty())
      return explain_body(head.status, body);
    Error error = aws::explain(head, body);
    if (error.message.find("of account") != std::string::npos &&
        error.message.find("not found") != std::string::npos) {
      error.message +=
          fmt::format("; is \"{}\" the endpoint's name, and is it in {}?", endpoint_, region_);
      if (error.reason.empty()) error.reason = no_such_endpoint;
    }
    return error;
  }

 private:
  // All that no call changes.
  HttpRequest base_request(std::string_view route, bool stream) const {
    HttpRequest request{
        .url = fmt::format("{}/endpoints/{}/{}", base_url_, percent_encode(endpoint_), route)};
    for (const auto& [name, header, streamed] : request_headers) {
      const std::string value = option(options_, name);
      if (!value.empty() && (streamed || !stream))
        request.headers.push_back({std::string(header), value});
    }
    return request;
  }

  // It refuses the header of inference components: they stand in the path.
  HttpRequest openai_address(Operation operation) const {
    const std::string component = option(options_, "inference_component");
    HttpRequest request{.url = fmt::format("{}/endpoints/{}{}{}/openai/v1/chat/completions",
                                           base_url_, percent_encode(endpoint_),
                                           component.empty() ? "" : "/inference-components/",
                                           percent_encode(component)),
                        .body = std::move(operation.body)};
    request.headers.push_back({"Content-Type", operation.content_type});
    if (!operation.accept.empty()) request.headers.push_back({"Accept", operation.accept});
    return request;
  }

  std::string region_, endpoint_, base_url_, dialect_;
  bool openai_route_ = false;
  RetryPolicy retry_;
  EndpointOptions options_;
  const HttpRequest unary_, streamed_;
};

bool is_endpoint_name(std::string_view name) {
  // ^[a-zA-Z0-9](-*[a-zA-Z0-9])*, at most 63: what a host label is.
  return is_host_label(name);
}

// What the OpenAI-compatible route cannot carry is refused rather than lost.
Result<void> check_route(const EndpointOptions& options) {
  const std::string route = option(options, "route", "invocations");
  if (route == "invocations") return {};
  if (route != "openai") {
    return invalid(fmt::format("route is \"{}\"; expected openai, or invocations", route));
  }
  const std::string dialect = option(options, "dialect", "openai");
  if (dialect != "openai" && dialect != "raw") {
    return invalid(fmt::format("route=openai speaks the dialect openai, not {}", dialect));
  }
  for (const RequestHeader& header : request_headers) {
    if (header.option != "inference_component" && !option(options, header.option).empty()) {
      return invalid(fmt::format("route=openai has no {}: leave one of both out", header.option));
    }
  }
  return {};
}

Result<std::unique_ptr<Cloud>> make(std::string region, std::string endpoint,
                                    const EndpointOptions& options,
                                    const Environment& environment) {
  if (auto known = check_known(options, "SageMaker",
                               {"base_url", "custom_attributes", "dialect", "inference_component",
                                "inference_id", "route", "session_id", "target_container",
                                "target_model", "target_variant", "use_dualstack", "use_fips"});
      !known) {
    return known.error();
  }
  if (!is_host_label(region)) {
    return invalid(fmt::format("\"{}\" is no AWS region; expected one like \"eu-west-1\"", region));
  }
  if (!is_endpoint_name(endpoint)) {
    return invalid(fmt::format(
        "\"{}\" is no SageMaker endpoint name; expected up to 63 letters, digits and inner "
        "hyphens, as in sagemaker://eu-west-1/my-endpoint",
        endpoint));
  }
  if (auto good = check_route(options); !good) return good.error();
  auto base_url = aws::base_url("sagemaker-runtime", region, options, environment);
  if (!base_url) return base_url.error();
  const auto retry = aws_retry_policy(environment);
  if (!retry) return retry.error();
  return std::unique_ptr<Cloud>(std::make_unique<SageMaker>(std::move(region), std::move(endpoint),
                                                            *std::move(base_url), *retry, options));
}

}  // namespace

Result<std::unique_ptr<Cloud>> open_uri(const Uri& uri, const EndpointOptions& options,
                                        const Environment& environment) {
  if (uri.port != 0)
    return invalid(
        "a sagemaker:// URI names a region, not a host with a port; use base_url for that");
  return make(uri.host, percent_decode(uri.path.empty() ? "" : uri.path.substr(1)), options,
              environment);
}

Result<Endpoint> open(const Client& client, const Config& config, const Credentials& credentials) {
  const EndpointOptions options =
      set_options({{"dialect", config.dialect},
                   {"inference_component", config.inference_component},
                   {"target_variant", config.target_variant},
                   {"route", config.route},
                   {"use_fips", config.use_fips ? "true" : ""},
                   {"use_dualstack", config.use_dualstack ? "true" : ""},
                   {"base_url", config.base_url}});
  auto cloud = make(config.region, config.endpoint, options, environment_of(client));
  if (!cloud) return cloud.error();
  return make_endpoint(client, *std::move(cloud), credentials);
}

}  // namespace ek::sagemaker

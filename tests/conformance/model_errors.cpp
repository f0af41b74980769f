// model-errors: HTTP error answers, through the cloud that would have sent them.
#include <fmt/format.h>

#include <map>

#include "cloud/azure_ml/entry.hpp"
#include "cloud/sagemaker/entry.hpp"
#include "cloud/vertex/entry.hpp"
#include "conformance/models.hpp"
#include "endpoint/retry.hpp"
#include "support/test_environment.hpp"

namespace ek::conformance {
namespace {

using nlohmann::json;

std::unique_ptr<Cloud> open_cloud(const std::string& uri) {
  const auto environment = test::make_environment(std::make_shared<test::ManualClock>());
  const Uri parsed = parse_uri(uri).value();
  if (parsed.scheme == "sagemaker") return sagemaker::open_uri(parsed, {}, *environment).value();
  if (parsed.scheme == "vertex") return vertex::open_uri(parsed, {}, *environment).value();
  return azure_ml::open_uri(parsed, {}, *environment).value();
}

// Which cloud carries the errors of a provider. Containers answer through any of them; the error
// shapes of AWS are the same for both of its services.
const Cloud& cloud_of(const std::string& provider) {
  static const auto sagemaker = open_cloud("sagemaker://us-east-1/my-endpoint");
  static const auto vertex =
      open_cloud("vertex://my-project/us-central1/publishers/google/models/gemini-2.5-flash");
  static const auto azure = open_cloud("azureml://my-endpoint.eastus.inference.ml.azure.com/score");
  if (provider == "sagemaker" || provider == "bedrock") return *sagemaker;
  if (provider == "vertex" || provider == "gemini-api") return *vertex;
  return *azure;
}

// Their words for kinds, in ours.
ErrorCode code_of(const std::string& kind) {
  static const std::map<std::string, ErrorCode> kinds = {
      {"invalid_request", ErrorCode::invalid_request},
      {"authentication", ErrorCode::authentication},
      {"permission", ErrorCode::permission},
      {"not_found", ErrorCode::not_found},
      {"rate_limit", ErrorCode::rate_limit},
      {"quota", ErrorCode::rate_limit},
      {"overloaded", ErrorCode::unavailable},
      {"unavailable", ErrorCode::unavailable},
      {"timeout", ErrorCode::timeout},
      {"content_filter", ErrorCode::content_filter},
      {"context_length", ErrorCode::context_length},
      {"model_error", ErrorCode::model_error},
      {"server_error", ErrorCode::server_error}};
  return kinds.at(kind);
}

HttpHead head_of(const json& http) {
  HttpHead head{http.at("status").get<int>(), {}};
  for (const auto& [name, value] : http.at("headers").items()) {
    head.headers.push_back({name, value.get<std::string>()});
  }
  return head;
}

struct Check {
  std::string wrong;

  template <class A, class B>
  void same(std::string_view what, const A& expected, const B& got) {
    if (expected != got) wrong += fmt::format("{}: expected {}, got {}; ", what, expected, got);
  }
  void contains(std::string_view what, const std::string& text, const std::string& part) {
    if (text.find(part) == std::string::npos) {
      wrong += fmt::format("{}: expected '{}' in '{}'; ", what, part, text);
    }
  }
};

std::string check_error(const json& one) {
  const HttpHead head = head_of(one.at("http"));
  const json& expect = one.at("expect");
  const Cloud& cloud = cloud_of(one.at("provider"));
  const Error error = cloud.explain(head, one.at("http").at("body").get<std::string>());
  Check check;
  check.same("code", to_string(code_of(expect.at("kind"))), to_string(error.code));
  check.same("retryable", expect.at("retryable").get<bool>(), error.retryable);
  if (!expect.at("code").is_null()) {
    check.same("provider code", expect.at("code").get<std::string>(), error.provider_code);
  }
  if (!expect.at("message_has").is_null()) {
    check.contains("message", error.message, expect.at("message_has"));
  }
  if (expect.contains("reason")) {
    check.same("reason", expect.at("reason").get<std::string>(), error.reason);
  }
  if (expect.contains("original_status")) {
    check.same("original status", expect.at("original_status").get<int>(), error.original_status);
  }
  if (expect.contains("original_message")) {
    check.contains("message", error.message, expect.at("original_message"));
  }
  if (expect.contains("content_filtered")) {
    check.same("categories", expect.at("content_filtered").dump(),
               json(error.filtered_categories).dump());
  }
  if (expect.contains("request_id")) {
    const std::string id = error.request_id.empty() ? cloud.request_id(head) : error.request_id;
    check.same("request id", expect.at("request_id").get<std::string>(), id);
  }
  if (expect.contains("retry_after_ms")) {
    const auto wish = error.retry_after ? error.retry_after : retry_after(head, {});
    check.same("retry after", expect.at("retry_after_ms").get<std::int64_t>(),
               wish ? wish->count() : -1);
  }
  return check.wrong;
}

}  // namespace

void run_model_errors(const std::filesystem::path& folder, Report& report) {
  const json file = read_json(folder / "cases.json");
  for (const json& one : file.at("cases")) {
    const std::string name = one.at("id");
    if (const std::string wrong = check_error(one); wrong.empty()) {
      report.pass(name);
    } else {
      report.fail(name, wrong);
    }
  }
}

}  // namespace ek::conformance

#include "cloud/family/aws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "cloud/family/options.hpp"
#include "cloud/family/status.hpp"
#include "dialect/dialect.hpp"
#include "signing/aws/endpoints.hpp"

namespace ek::aws {
namespace {

using nlohmann::json;

struct Meaning {
  std::string_view provider_code;
  ErrorCode code;
  bool retryable;
};
// Throttling codes are those of the SDKs' retry specification; the rest of the services' models.
constexpr auto meanings = std::to_array<Meaning>({
    {"AccessDenied", ErrorCode::permission, false},
    {"AccessDeniedException", ErrorCode::permission, false},
    {"BandwidthLimitExceeded", ErrorCode::rate_limit, true},
    {"EC2ThrottledException", ErrorCode::rate_limit, true},
    {"ExpiredToken", ErrorCode::authentication, false},
    {"ExpiredTokenException", ErrorCode::authentication, false},
    {"IncompleteSignature", ErrorCode::authentication, false},
    {"IncompleteSignatureException", ErrorCode::authentication, false},
    {"InternalDependencyException", ErrorCode::server_error, true},
    {"InternalFailure", ErrorCode::server_error, true},
    {"InternalServerException", ErrorCode::server_error, true},
    {"InternalStreamFailure", ErrorCode::server_error, true},
    {"InvalidClientTokenId", ErrorCode::authentication, false},
    {"InvalidSignatureException", ErrorCode::authentication, false},
    {"LimitExceededException", ErrorCode::rate_limit, true},
    {"MissingAuthenticationToken", ErrorCode::authentication, false},
    {"MissingAuthenticationTokenException", ErrorCode::authentication, false},
    {"ModelError", ErrorCode::model_error, false},
    {"ModelErrorException", ErrorCode::model_error, false},
    {"ModelNotReadyException", ErrorCode::unavailable, true},
    {"ModelStreamError", ErrorCode::model_error, false},
    {"ModelStreamErrorException", ErrorCode::model_error, true},
    {"ModelTimeoutException", ErrorCode::timeout, true},
    {"PriorRequestNotComplete", ErrorCode::rate_limit, true},
    {"ProvisionedThroughputExceededException", ErrorCode::rate_limit, true},
    {"RequestLimitExceeded", ErrorCode::rate_limit, true},
    {"RequestThrottled", ErrorCode::rate_limit, true},
    {"RequestThrottledException", ErrorCode::rate_limit, true},
    {"RequestTimeout", ErrorCode::timeout, true},
    {"RequestTimeoutException", ErrorCode::timeout, true},
    {"ResourceNotFoundException", ErrorCode::not_found, false},
    {"ServiceQuotaExceededException", ErrorCode::rate_limit, false},
    {"ServiceUnavailable", ErrorCode::unavailable, true},
    {"ServiceUnavailableException", ErrorCode::unavailable, true},
    {"SignatureDoesNotMatch", ErrorCode::authentication, false},
    {"SlowDown", ErrorCode::rate_limit, true},
    {"ThrottledException", ErrorCode::rate_limit, true},
    {"Throttling", ErrorCode::rate_limit, true},
    {"ThrottlingException", ErrorCode::rate_limit, true},
    {"TooManyRequestsException", ErrorCode::rate_limit, true},
    {"TransactionInProgressException", ErrorCode::rate_limit, true},
    {"UnrecognizedClientException", ErrorCode::authentication, false},
    {"ValidationError", ErrorCode::invalid_request, false},
    {"ValidationException", ErrorCode::invalid_request, false},
});

std::string text_member(const json& object, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = object.find(name);
    if (found != object.end() && found->is_string()) return found->get<std::string>();
  }
  return {};
}

int int_member(const json& object, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = object.find(name);
    if (found != object.end() && found->is_number_integer()) return found->get<int>();
  }
  return 0;
}

// "com.amazon.coral.validate#ValidationException:http://…" is ValidationException.
std::string bare_code(std::string_view text) {
  text = text.substr(0, text.find(':'));
  const auto hash = text.rfind('#');
  return std::string(hash == std::string_view::npos ? text : text.substr(hash + 1));
}

// What to do about it, for codes where the provider's own message does not say it.
std::string_view advice(const Error& error) {
  const std::string_view code = error.provider_code;
  if (code == "UnrecognizedClientException" || code == "InvalidClientTokenId") {
    return "check the access key id; temporary keys (ASIA…) need their session token";
  }
  if (code == "InvalidSignatureException" || code == "SignatureDoesNotMatch") {
    if (error.message.find("scoped to a valid region") != std::string::npos)
      return "the host is of another region than the one that was signed for: check the region";
    return error.retryable ? "the clock of this machine is off: set it"
                           : "check the secret access key";
  }
  if (code.starts_with("ExpiredToken")) return "get new temporary keys";
  if (code.starts_with("AccessDenied"))
    return "the identity's policy must allow the action on this resource";
  return "";
}

// Some codes mean something else with certain messages.
void refine(Error& error) {
  const auto says = [&](std::string_view part) {
    return error.message.find(part) != std::string::npos;
  };
  if (error.code == ErrorCode::authentication && says("Signature expired")) error.retryable = true;
  if (says("has no capacity to process this request")) {  // an inference component at zero copies
    error.code = ErrorCode::unavailable;
    error.retryable = true;
  }
  if (error.code == ErrorCode::model_error && error.original_status == 0 &&
      says("invocation timed out")) {
    error.code = ErrorCode::timeout;
    error.message += "; answers over 60 s need a streamed call (8 minutes)";
  }
}

Error make_error(std::string code, std::string_view body, int status) {
  const json parsed = json::parse(body, nullptr, false);
  const json object = parsed.is_object() ? parsed : json::object();
  if (code.empty()) code = bare_code(text_member(object, {"code", "__type"}));
  Error error = error_by_status(status);
  const auto meaning = std::find_if(meanings.begin(), meanings.end(), [&](const Meaning& m) {
    return iequals(m.provider_code, code);
  });
  if (meaning != meanings.end()) {
    error.code = meaning->code;
    error.retryable = meaning->retryable;
  }
  error.provider_code = std::move(code);
  std::string message = text_member(object, {"message", "Message", "errorMessage"});
  if (message.empty() && !parsed.is_object()) message = body_text(body);
  if (!message.empty()) error.message = std::move(message);
  error.original_status = int_member(object, {"OriginalStatusCode", "originalStatusCode"});
  error.reason = text_member(object, {"ErrorCode"});
  refine(error);
  if (const std::string original = text_member(object, {"OriginalMessage"});
      !original.empty() && error.message.find(original) == std::string::npos) {
    error.message += "; the model said: " + clip(original, 1000);
  }
  if (const std::string log = text_member(object, {"LogStreamArn"}); !log.empty())
    error.message += "; logs: " + log;
  if (const std::string_view what = advice(error); !what.empty()) {
    // A refused signature comes with pages of canonical request: what to do stands before them.
    error.message.insert(std::min(error.message.find('\n'), error.message.size()),
                         "; " + std::string(what));
  }
  return error;
}

}  // namespace

std::string region_from_env(const Environment& environment) {
  std::string region = variable(environment, "AWS_REGION");
  return region.empty() ? variable(environment, "AWS_DEFAULT_REGION") : region;
}

Result<std::string> base_url(std::string_view service, std::string_view region,
                             const EndpointOptions& options, const Environment& environment) {
  AwsEndpointSettings given;
  for (const auto& [key, member] :
       {std::pair("use_fips", &given.fips), std::pair("use_dualstack", &given.dual_stack)}) {
    const std::string text = option(options, key);
    if (text.empty()) continue;
    if (text != "true" && text != "false")
      return invalid(fmt::format("{} is \"{}\"; expected true or false", key, text));
    *member = text == "true";
  }
  if (const std::string url = option(options, "base_url"); !url.empty()) {
    auto checked = check_base_url(url, "base_url");
    if (!checked) return checked;
    given.url = *std::move(checked);
  }
  auto found = find_aws_endpoint(environment, service, region, std::move(given));
  if (!found) return std::move(found).error();
  return std::move(found->url);
}

Error explain(const HttpHead& head, std::string_view body) {
  return make_error(bare_code(head.header("x-amzn-errortype")), body, head.status);
}

Error explain_exception(std::string_view type, std::string_view body) {
  // Streams spell exception types with a small first letter at times; the table ignores case.
  // Without a type it is not AWS who speaks.
  Error error = type.empty() ? dialect::parse_error(body, 0).value_or(explain_body(500, body))
                             : make_error(std::string(type), body, 500);
  error.phase = Phase::stream;
  error.http_status = 200;
  return error;
}

}  // namespace ek::aws

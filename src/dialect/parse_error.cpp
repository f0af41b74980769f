#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "dialect/dialect.hpp"
#include "dialect/json_view.hpp"

namespace ek::dialect {
namespace {

using Kind = JsonView::Kind;

constexpr std::size_t kBodyKept = 4096;

// "34.074824224s" (google.protobuf.Duration), rounded up to a millisecond.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text.empty() || text.back() != 's') return std::nullopt;
  text.remove_suffix(1);
  std::int64_t seconds = 0;
  const char* end = text.data() + text.size();
  auto [stop, failure] = std::from_chars(text.data(), end, seconds);
  if (failure != std::errc{} || seconds < 0 || seconds > 31'536'000) return std::nullopt;
  std::int64_t thousandths = 0;
  if (stop != end && *stop == '.') {
    std::string digits(stop + 1, end);
    const bool rest = digits.find_first_not_of('0', 3) != std::string::npos && digits.size() > 3;
    digits.resize(3, '0');
    std::from_chars(digits.data(), digits.data() + 3, thousandths);
    thousandths += rest ? 1 : 0;
  }
  return std::chrono::milliseconds(seconds * 1000 + thousandths);
}

void read_details(JsonView details, Error& error) {
  for (const JsonView detail : details.elements()) {
    if (error.reason.empty()) error.reason = detail["reason"].string();
    if (const auto wish = parse_duration(detail["retryDelay"].string())) error.retry_after = wish;
  }
}

// A host's filter categories: {"hate": {"filtered": true, "severity": "high"}, "error": {"code":
// …}, …}.
void read_filters(JsonView inner, Error& error) {
  JsonView results = inner["content_filter_result"];
  if (!results.has_value()) results = inner["content_filter_results"];
  for (const auto& [category, result] : results.members()) {
    if (result["filtered"].is_true()) error.filtered_categories.emplace_back(category);
  }
}

// Where the parts of an error object stand; every provider has its own names for them.
struct Shape {
  std::string message;
  std::string code;
  std::string type;
  int status = 0;
};

std::string first_string(JsonView object, std::initializer_list<std::string_view> keys) {
  for (const auto key : keys) {
    if (std::string text = object[key].string(); !text.empty()) return text;
  }
  return {};
}

int status_in(JsonView object) {
  for (const auto key : {"code", "status_code", "statusCode", "status"}) {
    const auto status = object[key].integer();
    if (status && *status >= 400 && *status < 600) return static_cast<int>(*status);
  }
  return 0;
}

// google.rpc.Code by name, for objects that leave the number out.
int status_of_name(std::string_view name) {
  constexpr std::pair<std::string_view, int> codes[] = {{"INVALID_ARGUMENT", 400},
                                                        {"FAILED_PRECONDITION", 400},
                                                        {"OUT_OF_RANGE", 400},
                                                        {"UNAUTHENTICATED", 401},
                                                        {"PERMISSION_DENIED", 403},
                                                        {"NOT_FOUND", 404},
                                                        {"ABORTED", 409},
                                                        {"ALREADY_EXISTS", 409},
                                                        {"RESOURCE_EXHAUSTED", 429},
                                                        {"CANCELLED", 499},
                                                        {"INTERNAL", 500},
                                                        {"UNKNOWN", 500},
                                                        {"DATA_LOSS", 500},
                                                        {"UNIMPLEMENTED", 501},
                                                        {"UNAVAILABLE", 503},
                                                        {"DEADLINE_EXCEEDED", 504}};
  const auto* found = std::find_if(std::begin(codes), std::end(codes),
                                   [&](const auto& code) { return code.first == name; });
  return found == std::end(codes) ? 0 : found->second;
}

std::string code_in(JsonView object) {
  if (std::string status = object["status"].string(); !status.empty()) return status;
  const JsonView code = object["code"];
  if (code.is(Kind::string)) return code.string();
  return code.is(Kind::number) ? std::string(code.text()) : std::string();
}

Shape shape_of(JsonView object) {
  Shape shape;
  shape.message = first_string(object, {"message", "Message", "detail", "error"});
  if (shape.message.empty()) shape.message = object["detail"].text();
  shape.code = code_in(object);
  shape.type = first_string(object, {"type", "error_type"});
  if (shape.code.empty()) shape.code = shape.type;
  shape.status = status_in(object);
  if (shape.status == 0) shape.status = status_of_name(shape.code);
  return shape;
}

// The object that tells of the error, or absent. Inside a stream only what cannot be anything else.
JsonView error_object(JsonView value, int http_status) {
  const JsonView error = value["error"];
  if (error.is(Kind::object)) return error;
  if (error.is(Kind::string)) return value;           // TGI, LMI
  if (value["object"].equals("error")) return value;  // vLLM
  if (value["message"].is(Kind::string) && status_in(value) != 0) return value;
  const bool told = value["message"].is(Kind::string) || value["Message"].is(Kind::string) ||
                    value["detail"].has_value();
  return http_status >= 400 && told ? value : JsonView();
}

std::string readable(const Shape& shape, const Error& error) {
  std::string text = shape.message;
  if (text.empty())
    text = fmt::format("the provider gave no message with the code '{}'", shape.code);
  if (error.code == ErrorCode::content_filter) {
    text += fmt::format(" (content_filter{}{})", error.filtered_categories.empty() ? "" : ": ",
                        fmt::join(error.filtered_categories, ", "));
  }
  return text;
}

}  // namespace

std::optional<Error> parse_error(std::string_view json, int http_status) {
  const auto parsed = JsonView::parse(json);
  if (!parsed) return std::nullopt;
  const JsonView value = parsed->unwrapped();
  const JsonView object = error_object(value, http_status);
  if (!object.has_value()) return std::nullopt;

  const Shape shape = shape_of(object);
  Error error;
  error.phase = http_status >= 400 ? Phase::headers : Phase::stream;
  error.http_status = http_status;
  error.provider_code = shape.code;
  error.request_id = value["request_id"].string();
  error.provider_body = json.substr(0, kBodyKept);
  read_details(object["details"], error);
  read_filters(object["innererror"], error);
  read_filters(object["inner_error"], error);
  const auto means = classify({.status = http_status >= 400 ? http_status : shape.status,
                               .code = shape.code,
                               .type = shape.type,
                               .reason = error.reason,
                               .message = shape.message});
  error.code = means.code;
  error.retryable = means.retryable;
  error.message = readable(shape, error);
  return error;
}

}  // namespace ek::dialect

#include "signing/oauth.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/json_members.hpp"

namespace ek {
namespace {

using nlohmann::json;

const json* member(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::optional<std::chrono::seconds> seconds_in(const json& value) {
  if (value.is_number_integer()) return std::chrono::seconds(value.get<std::int64_t>());
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (number >= 0 && number < 1e12)
      return std::chrono::seconds(static_cast<std::int64_t>(number));
  }
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return std::chrono::seconds(number);
}

// Years on end are as good as any other nonsense: no clock arithmetic may overflow.
std::optional<std::chrono::seconds> plausible(std::optional<std::chrono::seconds> life) {
  if (life && (*life < std::chrono::seconds(0) || *life > std::chrono::hours(24 * 366)))
    return std::nullopt;
  return life;
}

Error bad_reply(std::string_view what) {
  return {.code = ErrorCode::server_error,
          .phase = Phase::credentials,
          .message = fmt::format("expected an access token from the token service, but {}", what)};
}

std::string one_line(std::string_view text) {
  std::string out = printable(text);
  for (char& c : out) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return clip(trim(out), 600);
}

bool is_passing_name(std::string_view name) noexcept {
  return name == "internal_failure" || name == "server_error" || name == "temporarily_unavailable";
}

ErrorCode code_for(int status, bool passing) noexcept {
  if (status == 429) return ErrorCode::rate_limit;
  return passing ? ErrorCode::unavailable : ErrorCode::authentication;
}

std::optional<std::chrono::milliseconds> retry_after(const HttpHead& head) {
  const std::string_view text = head.header("retry-after");
  int seconds = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size() || seconds < 0)
    return std::nullopt;
  return std::chrono::seconds(seconds);
}

bool may_pass(const Result<HttpResponse>& answer) {
  if (answer)
    return is_refusal(*answer) && is_passing(answer->head.status, parse_oauth_error(answer->body));
  return answer.error().code != ErrorCode::timeout && is_passing(answer.error());
}

}  // namespace

HttpRequest form_request(std::string url, const FormFields& fields) {
  HttpRequest request{.method = "POST",
                      .url = std::move(url),
                      .headers = {{"content-type", "application/x-www-form-urlencoded"},
                                  {"accept", "application/json"}}};
  for (const auto& [name, value] : fields) {
    if (!request.body.empty()) request.body += '&';
    request.body += fmt::format("{}={}", percent_encode(name), percent_encode(value));
  }
  return request;
}

Result<TokenReply> parse_token_reply(std::string_view body) {
  const json reply = json::parse(body, nullptr, false);
  if (!reply.is_object()) return bad_reply("its answer is not a JSON object");
  TokenReply out;
  const json* token = member(reply, "access_token");
  if (token == nullptr || !token->is_string() || token->get_ref<const std::string&>().empty())
    return bad_reply("its answer has no \"access_token\"");
  out.access_token = Secret(token->get<std::string>());
  if (const json* life = member(reply, "expires_in")) {
    out.expires_in = plausible(seconds_in(*life));
    if (!out.expires_in) return bad_reply("its \"expires_in\" is not a sensible number of seconds");
  }
  if (const json* hint = member(reply, "refresh_in")) out.refresh_in = plausible(seconds_in(*hint));
  return out;
}

OAuthError parse_oauth_error(std::string_view body) {
  const json reply = json::parse(body, nullptr, false);
  if (!reply.is_object()) return {.description = one_line(body)};
  OAuthError out{.error = text_member(reply, "error"),
                 .description = one_line(text_member(reply, "error_description")),
                 .trace_id = text_member(reply, "trace_id"),
                 .correlation_id = text_member(reply, "correlation_id")};
  const json* object = member(reply, "error");
  if (object != nullptr && object->is_object()) {
    out.error = text_member(*object, "status");
    out.description = one_line(text_member(*object, "message"));
  }
  if (out.error.empty() && out.description.empty()) out.description = one_line(body);
  return out;
}

bool is_passing(int http_status, const OAuthError& error) {
  return http_status == 408 || http_status == 429 || http_status >= 500 ||
         is_passing_name(error.error) || is_passing_name(error.description);
}

bool is_passing(const Error& failure) noexcept {
  if (failure.code == ErrorCode::timeout || failure.code == ErrorCode::truncated) return true;
  const bool on_the_way =
      failure.phase == Phase::dns || failure.phase == Phase::connect || failure.phase == Phase::tls;
  return failure.code == ErrorCode::transport && (failure.retryable || !on_the_way);
}

bool is_refusal(const HttpResponse& response) {
  if (response.head.status < 200 || response.head.status >= 300) return true;
  const json reply = json::parse(response.body, nullptr, false);
  return member(reply, "error") != nullptr && member(reply, "access_token") == nullptr;
}

Error refusal(std::string_view who, const HttpResponse& response, std::string_view advice) {
  const OAuthError said = parse_oauth_error(response.body);
  const bool passing = is_passing(response.head.status, said);
  const bool both = !said.error.empty() && !said.description.empty();
  return {.code = code_for(response.head.status, passing),
          .phase = Phase::credentials,
          .message = fmt::format("{} gave no token (HTTP {}): {}{}{}{}{}", who,
                                 response.head.status, said.error, both ? ": " : "",
                                 said.description, advice.empty() ? "" : ". ", advice),
          .http_status = response.head.status,
          .provider_code = said.error,
          .request_id = said.trace_id,
          .retryable = passing,
          .retry_after = retry_after(response.head)};
}

namespace {

// What a service that refuses may echo.
std::vector<Secret> sensitive_values(const HttpRequest& request) {
  std::vector<Secret> values;
  for (const Header& header : request.headers) {
    if (header.sensitive) values.emplace_back(header.value);
  }
  return values;
}

}  // namespace

Result<HttpResponse> ask_token_service(const SigningServices& services, const SignContext& context,
                                       std::string_view who,
                                       const std::function<Result<HttpRequest>()>& make,
                                       const FetchOptions& route) {
  FetchOptions options = route;
  options.deadline = context.deadline;
  options.stop = context.stop;
  options.now = services.environment->steady_now;
  for (int attempt = 1;; ++attempt) {
    auto request = make();
    if (!request) return std::move(request).error();
    const std::vector<Secret> sent = sensitive_values(*request);
    auto answer = fetch(*services.transport, *std::move(request), options);
    if (attempt == 1 && may_pass(answer)) continue;
    if (answer) {
      for (const Secret& secret : sent) {
        if (answer->head.status != 200) scrub(answer->body, secret);
      }
      return answer;
    }
    Error error = std::move(answer).error();
    error.message = fmt::format("asking {} for a token: {}", who, error.message);
    error.retryable = is_passing(error);
    return error;
  }
}

}  // namespace ek

#include "cloud/family/status.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "dialect/dialect.hpp"

namespace ek {
namespace {

ErrorCode code_of(int status) noexcept {
  switch (status) {
    case 401:
      return ErrorCode::authentication;
    case 403:
      return ErrorCode::permission;
    case 404:
      return ErrorCode::not_found;
    case 408:
    case 504:
      return ErrorCode::timeout;
    case 424:
      return ErrorCode::model_error;
    case 429:
      return ErrorCode::rate_limit;
    case 503:
    case 529:
      return ErrorCode::unavailable;
    default:
      return status >= 400 && status < 500 ? ErrorCode::invalid_request : ErrorCode::server_error;
  }
}

bool is_retryable(int status) noexcept {
  return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

}  // namespace

Error error_by_status(int status) {
  std::string message = fmt::format("the provider answered HTTP {} without saying why", status);
  if (status >= 300 && status < 400) {
    message = fmt::format(
        "the provider answered with a redirect (HTTP {}), which is not followed with "
        "credentials; check the address",
        status);
  }
  return {
      .code = code_of(status), .message = std::move(message), .retryable = is_retryable(status)};
}

Error explain_body(int status, std::string_view body) {
  if (auto told = dialect::parse_error(body, status)) return *std::move(told);
  Error error = error_by_status(status);
  if (std::string text = body_text(body); !text.empty()) error.message = std::move(text);
  return error;
}

std::string body_text(std::string_view body) {
  constexpr std::size_t longest = 500;
  const std::string lower = to_lower(body);
  const auto open = lower.find("<title>");
  const auto close = lower.find("</title>");
  if (open != std::string::npos && close != std::string::npos && close > open) {
    body = body.substr(open + 7, close - open - 7);
  }
  return clip(printable(trim(body)), longest);
}

std::string needed_permission(std::string_view message, std::string_view usual) {
  for (const std::string_view word : {"ermission '", "action '", "ermission \""}) {
    const auto at = message.find(word);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = message.substr(at + word.size());
    const auto end = rest.find(word.back());
    if (end != std::string_view::npos && end > 0) return clip(printable(rest.substr(0, end)), 200);
  }
  return std::string(usual);
}

}  // namespace ek

#include "endpointkit/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ek {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_request:
      return "invalid_request";
    case ErrorCode::authentication:
      return "authentication";
    case ErrorCode::permission:
      return "permission";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::rate_limit:
      return "rate_limit";
    case ErrorCode::unavailable:
      return "unavailable";
    case ErrorCode::timeout:
      return "timeout";
    case ErrorCode::content_filter:
      return "content_filter";
    case ErrorCode::context_length:
      return "context_length";
    case ErrorCode::model_error:
      return "model_error";
    case ErrorCode::server_error:
      return "server_error";
    case ErrorCode::transport:
      return "transport";
    case ErrorCode::truncated:
      return "truncated";
    case ErrorCode::cancelled:
      return "cancelled";
  }
  return "unknown";
}

std::string_view to_string(Phase phase) noexcept {
  switch (phase) {
    case Phase::request:
      return "request";
    case Phase::credentials:
      return "credentials";
    case Phase::dns:
      return "dns";
    case Phase::connect:
      return "connect";
    case Phase::tls:
      return "tls";
    case Phase::send:
      return "send";
    case Phase::headers:
      return "headers";
    case Phase::first_event:
      return "first_event";
    case Phase::idle:
      return "idle";
    case Phase::stream:
      return "stream";
    case Phase::decode:
      return "decode";
    case Phase::total:
      return "total";
    case Phase::throughput:
      return "throughput";
  }
  return "unknown";
}

namespace {
// Providers put whole pages and canonical requests into their messages.
std::string one_line(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  std::string line;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(blanks), text.size());
    line += text.substr(0, end);
    text.remove_prefix(end);
    const auto next = std::min(text.find_first_not_of(blanks), text.size());
    const std::string_view gap = text.substr(0, next);
    const bool broken = gap.find_first_of("\r\n") != std::string_view::npos;
    line += broken ? std::string_view(" ") : gap;
    text.remove_prefix(next);
  }
  return line;
}
}  // namespace

std::string describe(const Error& error) {
  std::string out = fmt::format("{} ({})", to_string(error.code), to_string(error.phase));
  if (error.http_status != 0) out += fmt::format(" HTTP {}", error.http_status);
  if (error.original_status != 0) out += fmt::format(" [model {}]", error.original_status);
  if (!error.provider_code.empty()) out += " " + error.provider_code;
  if (!error.reason.empty()) out += "/" + error.reason;
  out += ": " + error.message;
  if (!error.request_id.empty()) out += fmt::format(" (request id {})", error.request_id);
  return one_line(out);
}

Exception::Exception(Error error) : std::runtime_error(describe(error)), error_(std::move(error)) {}
Exception::~Exception() = default;

}  // namespace ek

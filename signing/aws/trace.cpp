#include "signing/aws/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/text.hpp"
#include "signing/chain.hpp"

namespace ek {
namespace {

constexpr std::string_view header_name = "X-Amzn-Trace-Id";

std::string header_value(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    byte<0x20 || byte> 0x7E ? out += fmt::format("%{:02X}", byte) : out += c;
  }
  return out;
}

}  // namespace

bool in_lambda(const Environment& environment) {
  return variable(environment, "AWS_LAMBDA_FUNCTION_NAME").has_value();
}

std::optional<Header> lambda_trace_header(const Environment& environment,
                                          const std::vector<Header>& headers) {
  const auto trace = variable(environment, "_X_AMZN_TRACE_ID");
  if (!trace || !in_lambda(environment)) return std::nullopt;
  const bool has_one = std::any_of(headers.begin(), headers.end(), [](const Header& header) {
    return iequals(header.name, header_name);
  });
  if (has_one) return std::nullopt;
  return Header{std::string(header_name), header_value(*trace)};
}

}  // namespace ek

#include "tools/cli/invoke.hpp"

#include <fmt/format.h>

#include <istream>
#include <ostream>

#include "base/text.hpp"
#include "endpointkit/ext/environment.hpp"
#include "tools/cli/standard_streams.hpp"
#include "tools/cli/target.hpp"

namespace ek::cli {
namespace {

Result<std::vector<Header>> parse_headers(const std::vector<std::string>& lines) {
  std::vector<Header> headers;
  for (const std::string& line : lines) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || colon == 0) {
      return Error{
          .code = ErrorCode::invalid_request,
          .phase = Phase::request,
          .message = fmt::format("\"{}\" is no header; expected \"Name: value\"", printable(line))};
    }
    headers.push_back(
        {line.substr(0, colon), std::string(trim(std::string_view(line).substr(colon + 1)))});
  }
  return headers;
}

ExitCode invoke_streamed(const Endpoint& endpoint, const InvokeRequest& request, std::ostream& out,
                         std::ostream& err) {
  auto stream = endpoint.invoke_stream(request);
  if (!stream) return report(stream.error(), false, err);
  while (auto piece = stream->next()) {
    if (!*piece) return report(piece->error(), false, err);
    if (!(out << **piece << std::flush)) break;
  }
  return success;
}

}  // namespace

Result<std::string> read_argument(const std::string& text, std::istream& in) {
  if (!text.starts_with('@')) return text;
  if (text == "@-") return read_all(in);
  auto content = system_environment().read_file(text.substr(1));
  if (!content) {
    content.error().code = ErrorCode::invalid_request;
    content.error().phase = Phase::request;
  }
  return content;
}

ExitCode invoke_command(const InvokeArguments& arguments, std::istream& in, std::ostream& out,
                        std::ostream& err) {
  const auto endpoint = open_endpoint(arguments);
  if (!endpoint) return report(endpoint.error(), false, err);
  auto body = read_argument(arguments.body, in);
  if (!body) return report(body.error(), false, err);
  auto headers = parse_headers(arguments.headers);
  if (!headers) return report(headers.error(), false, err);
  const InvokeRequest request{.body = *std::move(body),
                              .content_type = arguments.content_type,
                              .accept = arguments.accept,
                              .headers = *std::move(headers)};
  if (arguments.stream) return invoke_streamed(*endpoint, request, out, err);
  const auto reply = endpoint->invoke(request);
  if (!reply) return report(reply.error(), false, err);
  out << reply->body << std::flush;
  return success;
}

}  // namespace ek::cli

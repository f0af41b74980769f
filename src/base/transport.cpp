#include "endpointkit/ext/transport.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace ek {

std::string_view HttpHead::header(std::string_view name) const noexcept {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const Header& h) { return iequals(h.name, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

Exchange::~Exchange() = default;
HttpHead Exchange::take_head() { return *head(); }
Lane::~Lane() = default;
void Lane::let_end(std::unique_ptr<Exchange>) {}
int Lane::descriptor() const noexcept { return -1; }
SteadyTime Lane::due() const { return SteadyTime::max(); }
Transport::~Transport() = default;
std::unique_ptr<Lane> Transport::open_wide_lane() { return open_lane(); }

namespace {

std::optional<Error> stopped(const FetchOptions& options, SteadyTime now, const std::string& url) {
  if (options.stop.stop_requested()) {
    return Error{.code = ErrorCode::cancelled,
                 .phase = Phase::credentials,
                 .message = "cancelled while a token was fetched"};
  }
  if (now >= options.deadline) {
    return Error{.code = ErrorCode::timeout,
                 .phase = Phase::credentials,
                 .message = fmt::format("{} did not answer in time", url)};
  }
  return std::nullopt;
}

}  // namespace

Result<HttpResponse> fetch(Transport& transport, HttpRequest request, const FetchOptions& options) {
  const std::string url = request.url.substr(0, request.url.find('?'));
  const std::unique_ptr<Lane> lane = transport.open_lane();
  const std::stop_callback on_stop(options.stop, [&] { lane->wake(); });
  const std::unique_ptr<Exchange> exchange =
      lane->start(std::move(request), {.connect_timeout = options.connect_timeout,
                                       .bypass_proxy = options.bypass_proxy,
                                       .tls = options.tls});
  HttpResponse response;
  while (true) {
    response.body += exchange->body();
    exchange->consume(exchange->body().size());
    if (response.body.size() > options.max_body_bytes) {
      return Error{
          .code = ErrorCode::server_error,
          .phase = Phase::credentials,
          .message = fmt::format("{} answered more than {} bytes", url, options.max_body_bytes)};
    }
    if (exchange->ended()) break;
    if (auto error = stopped(options, options.now(), url)) return *std::move(error);
    lane->wait(options.deadline);
  }
  if (const Error* error = exchange->error()) return *error;
  response.head = *exchange->head();
  return response;
}

}  // namespace ek

// Calls of models passed on to a real service as they are, so that they can be recorded.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "tools/emulator/service.hpp"
#include "tools/emulator/upstream_exchange.hpp"

namespace ek::emulator {
namespace {

// What belongs to one connection (RFC 9110 §7.6.1), to our own HTTP library, or to the emulator.
bool is_passed_on(std::string_view name) {
  constexpr std::string_view own[] = {"host",
                                      "connection",
                                      "keep-alive",
                                      "proxy-connection",
                                      "transfer-encoding",
                                      "te",
                                      "trailer",
                                      "upgrade",
                                      "content-length",
                                      "expect",
                                      "accept-encoding",
                                      fault_header};
  const std::string lower = to_lower(name);
  return std::find(std::begin(own), std::end(own), lower) == std::end(own);
}

class ForwardedBody final : public BodySource {
 public:
  explicit ForwardedBody(std::unique_ptr<UpstreamExchange> exchange)
      : exchange_(std::move(exchange)) {}

  Chunk next() override {
    if (ended_) return {.state = end_};
    UpstreamExchange::Delivery delivery = exchange_->take();
    ended_ = delivery.ended;
    end_ = delivery.whole ? Chunk::State::end : Chunk::State::cut;
    if (ended_ && delivery.bytes.empty()) return {.state = end_};
    return {.bytes = std::move(delivery.bytes)};
  }

 private:
  std::unique_ptr<UpstreamExchange> exchange_;
  Chunk::State end_ = Chunk::State::cut;
  bool ended_ = false;
};

Reply no_answer(std::string why) {
  return {.status = 502,
          .content_type = "text/plain; charset=utf-8",
          .body = fmt::format("endpointkit-emulator: the service did not answer: {}\n", why)};
}

}  // namespace

Reply forward(Service& service, const Request& request) {
  const auto uri = parse_uri(service.options.forward);
  if (!uri) return no_answer(uri.error().message);
  httplib::Request sent;
  sent.method = request.method;
  sent.path = uri->path.substr(0, uri->path.find_last_not_of('/') + 1) + request.path +
              (request.query.empty() ? "" : "?" + request.query);
  for (const Header& header : request.headers) {
    if (is_passed_on(header.name)) sent.headers.emplace(header.name, header.value);
  }
  sent.set_header("Accept-Encoding", "identity");  // so that a recording can be read
  sent.body = request.body;
  auto exchange =
      std::make_unique<UpstreamExchange>(uri->scheme + "://" + uri->authority(), std::move(sent),
                                         [&stop = service.stop] { return stop.is_set(); });
  const UpstreamExchange::Head head = exchange->wait_for_head();
  if (head.status == 0) return no_answer(exchange->take().why);
  Reply reply{.status = head.status, .content_type = ""};
  for (const auto& [name, value] : head.headers) {
    if (iequals(name, "content-type")) {
      reply.content_type = value;
    } else if (iequals(name, "content-length")) {
      std::size_t length = 0;
      std::from_chars(value.data(), value.data() + value.size(), length);
      reply.length = length;
    } else if (is_passed_on(name)) {
      reply.headers.push_back({name, value});
    }
  }
  reply.stream = std::make_unique<ForwardedBody>(std::move(exchange));
  return reply;
}

}  // namespace ek::emulator

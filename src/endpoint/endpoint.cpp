#include "endpointkit/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "dialect/dialect.hpp"
#include "endpoint/call.hpp"
#include "endpoint/client_state.hpp"
#include "endpoint/consumers.hpp"
#include "endpoint/endpoint_state.hpp"
#include "endpointkit/version.hpp"
#include "http/curl_transport.hpp"

namespace ek {
namespace {

std::shared_ptr<const Environment> environment_or_system(const ClientOptions& options) {
  return options.environment ? options.environment
                             : std::make_shared<const Environment>(system_environment());
}

std::shared_ptr<Transport> transport_or_curl(const ClientOptions& options) {
  if (options.transport) return options.transport;
  std::string user_agent = "endpointkit/" ENDPOINTKIT_VERSION;
  if (!options.user_agent_suffix.empty()) user_agent += " " + options.user_agent_suffix;
  return make_curl_transport({.network = options.network,
                              .user_agent = std::move(user_agent),
                              .environment = options.environment});
}

// Headers that decide where the request goes, what it proves or how it is framed are not the
// caller's.
Result<void> check_headers(const std::vector<Header>& headers) {
  for (const Header& header : headers) {
    const bool plain = header.name.find_first_of(" \t\r\n:") == std::string::npos &&
                       !header.name.empty() &&
                       header.value.find_first_of("\r\n") == std::string::npos;
    const bool ours = iequals(header.name, "host") || iequals(header.name, "content-length") ||
                      iequals(header.name, "transfer-encoding") ||
                      iequals(header.name, "authorization");
    if (!plain || ours) {
      return Error{.code = ErrorCode::invalid_request,
                   .phase = Phase::request,
                   .message = fmt::format(
                       "the header \"{}\" cannot be set: {}", printable(header.name),
                       ours ? "the library sets it" : "its name or value is no header text")};
    }
  }
  return {};
}

Result<std::unique_ptr<Call>> make_call(std::shared_ptr<const EndpointState> endpoint,
                                        Operation operation, const std::vector<Header>& headers,
                                        const CallOptions& options,
                                        std::unique_ptr<Consumer> consumer) {
  for (const auto* list : {&headers, &options.headers}) {
    if (auto good = check_headers(*list); !good) return std::move(good).error();
  }
  Call::Plan plan{.endpoint = endpoint,
                  .request = endpoint->cloud->address(std::move(operation)),
                  .timeouts = options.timeouts.value_or(endpoint->client->options.timeouts),
                  .retry = options.retry.value_or(endpoint->client->options.retry),
                  .stop = options.stop};
  for (const auto* list : {&headers, &options.headers}) {
    plan.request.headers.insert(plan.request.headers.end(), list->begin(), list->end());
  }
  return std::make_unique<Call>(std::move(plan), std::move(consumer));
}

Result<std::unique_ptr<Call>> make_chat_call(const std::shared_ptr<const EndpointState>& endpoint,
                                             const ChatRequest& request, bool stream,
                                             const CallOptions& options,
                                             std::unique_ptr<Consumer> consumer) {
  dialect::EncodeHints hints = endpoint->cloud->hints();
  hints.stream = stream;
  auto body = endpoint->dialect->encode(request, hints);
  if (!body) return std::move(body).error();
  Operation operation{.kind = Operation::Kind::chat, .stream = stream, .body = *std::move(body)};
  return make_call(endpoint, std::move(operation), {}, options, std::move(consumer));
}

Operation invoke_operation(const InvokeRequest& request, bool stream) {
  return {.kind = Operation::Kind::invoke,
          .stream = stream,
          .body = request.body,
          .content_type = request.content_type,
          .accept = request.accept};
}

// Runs the call to its end and gives the body.
Result<std::string> run_whole(Call& call) {
  call.pump();
  if (const Error* error = call.error()) return *error;
  return static_cast<WholeConsumer&>(call.consumer()).take();
}

// The item that waits, or the error that ended the call, once; then nothing.
template <class Item, class ItemConsumer>
std::optional<Result<Item>> next_item(std::unique_ptr<Call>& call, bool& told) {
  call->pump();
  auto& consumer = static_cast<ItemConsumer&>(call->consumer());
  if (const Error* error = call->error()) {
    if (std::exchange(told, true)) return std::nullopt;
    return Result<Item>(*error);
  }
  const Consumer::Progress progress = consumer.progress();
  if (!progress.item) return std::nullopt;
  if (progress.content) call->commit();
  return Result<Item>(consumer.take());
}

SigningServices services_of(const ClientState& client) {
  return {
      .transport = client.transport, .environment = client.environment, .tokens = client.tokens};
}

SignContext sign_context(const EndpointState& endpoint, const CallOptions& options) {
  const Timeouts timeouts = options.timeouts.value_or(endpoint.client->options.timeouts);
  const auto limit = timeouts.total;
  const SteadyTime now = endpoint.client->environment->steady_now();
  return {.deadline = limit.count() > 0 ? now + limit : SteadyTime::max(), .stop = options.stop};
}

std::string request_id_of(const Call& call) {
  return call.head() != nullptr ? call.endpoint().cloud->request_id(*call.head()) : std::string();
}

}  // namespace

ClientState::ClientState(ClientOptions given)
    : options(std::move(given)),
      clock(std::make_shared<ClockCorrection>(environment_or_system(options))),
      environment(with_clock(clock->world(), clock)),
      transport(transport_or_curl(options)),
      tokens(make_token_cache()),
      lanes(transport) {}

Client::Client(ClientOptions options) : state_(std::make_shared<ClientState>(std::move(options))) {}

const Environment& environment_of(const Client& client) { return *client.state()->environment; }

Result<Endpoint> make_endpoint(const Client& client, std::unique_ptr<Cloud> cloud,
                               const Credentials& credentials) {
  if (auto good = check_network_options(client.state()->options.network); !good)
    return std::move(good).error();
  const dialect::Dialect* dialect = dialect::find(cloud->dialect());
  if (dialect == nullptr) {
    return Error{.code = ErrorCode::invalid_request,
                 .phase = Phase::request,
                 .message = fmt::format("no dialect is called \"{}\"; known are {}",
                                        cloud->dialect(), dialect::names())};
  }
  const auto& state = client.state();
  auto signer = credentials.identity().signer_for(cloud->scope(), services_of(*state));
  if (!signer) return std::move(signer).error();
  std::string uri = cloud->uri();
  return Endpoint(std::make_shared<const EndpointState>(EndpointState{.client = state,
                                                                      .cloud = std::move(cloud),
                                                                      .dialect = dialect,
                                                                      .signer = *std::move(signer),
                                                                      .uri = std::move(uri)}));
}

Endpoint::Endpoint(std::shared_ptr<const EndpointState> state) : state_(std::move(state)) {}
Endpoint::Endpoint(Endpoint&&) noexcept = default;
Endpoint& Endpoint::operator=(Endpoint&&) noexcept = default;
Endpoint::~Endpoint() = default;

std::string_view Endpoint::uri() const noexcept { return state_->uri; }
std::string Endpoint::describe_credentials() const { return state_->signer->describe(); }

Result<CredentialReport> Endpoint::explain_credentials(const CallOptions& options) const {
  CredentialReport report = state_->signer->explain(sign_context(*state_, options));
  if (report.error && report.error->code == ErrorCode::cancelled) return *std::move(report.error);
  return report;
}

Result<std::string> Endpoint::fetch_identity(const CallOptions& options) const {
  return state_->signer->fetch_identity(services_of(*state_->client),
                                        sign_context(*state_, options));
}

Result<ChatReply> Endpoint::chat(const ChatRequest& request, const CallOptions& options) const {
  auto call = make_chat_call(state_, request, false, options, std::make_unique<WholeConsumer>());
  if (!call) return std::move(call).error();
  auto body = run_whole(**call);
  if (!body) return std::move(body).error();
  auto reply = state_->dialect->decode_reply(*body);
  if (!reply) {
    Error error = std::move(reply).error();
    error.request_id = state_->cloud->request_id(*(*call)->head());
    return error;
  }
  return reply;
}

Result<InvokeReply> Endpoint::invoke(const InvokeRequest& request,
                                     const CallOptions& options) const {
  auto call = make_call(state_, invoke_operation(request, false), request.headers, options,
                        std::make_unique<WholeConsumer>());
  if (!call) return std::move(call).error();
  auto body = run_whole(**call);
  if (!body) return std::move(body).error();
  const HttpHead& head = *(*call)->head();
  return InvokeReply{.body = *std::move(body),
                     .content_type = state_->cloud->content_type(head),
                     .request_id = state_->cloud->request_id(head),
                     .headers = head.headers};
}

Result<ChatStream> Endpoint::chat_stream(const ChatRequest& request,
                                         const CallOptions& options) const {
  auto call =
      make_chat_call(state_, request, true, options, std::make_unique<ChatConsumer>(*state_));
  if (!call) return std::move(call).error();
  return ChatStream(*std::move(call));
}

Result<InvokeStream> Endpoint::invoke_stream(const InvokeRequest& request,
                                             const CallOptions& options) const {
  auto call = make_call(state_, invoke_operation(request, true), request.headers, options,
                        std::make_unique<PieceConsumer>(*state_));
  if (!call) return std::move(call).error();
  return InvokeStream(*std::move(call));
}

ChatStream::ChatStream(std::unique_ptr<Call> call) : call_(std::move(call)) {}
ChatStream::ChatStream(ChatStream&&) noexcept = default;
ChatStream& ChatStream::operator=(ChatStream&&) noexcept = default;
ChatStream::~ChatStream() = default;

std::optional<Result<ChatEvent>> ChatStream::next() {
  return next_item<ChatEvent, ChatConsumer>(call_, told_);
}
bool ChatStream::wait(std::chrono::milliseconds timeout) {
  return call_->pump(call_->now() + timeout);
}
void ChatStream::cancel() noexcept { call_->cancel(); }
const ChatReply& ChatStream::reply() const noexcept {
  return static_cast<const ChatConsumer&>(std::as_const(*call_).consumer()).reply();
}
std::string ChatStream::request_id() const { return request_id_of(*call_); }

InvokeStream::InvokeStream(std::unique_ptr<Call> call) : call_(std::move(call)) {}
InvokeStream::InvokeStream(InvokeStream&&) noexcept = default;
InvokeStream& InvokeStream::operator=(InvokeStream&&) noexcept = default;
InvokeStream::~InvokeStream() = default;

std::optional<Result<std::string>> InvokeStream::next() {
  return next_item<std::string, PieceConsumer>(call_, told_);
}
bool InvokeStream::wait(std::chrono::milliseconds timeout) {
  return call_->pump(call_->now() + timeout);
}
void InvokeStream::cancel() noexcept { call_->cancel(); }
std::string InvokeStream::content_type() const {
  return call_->head() != nullptr ? call_->endpoint().cloud->content_type(*call_->head()) : "";
}
std::string InvokeStream::request_id() const { return request_id_of(*call_); }

}  // namespace ek

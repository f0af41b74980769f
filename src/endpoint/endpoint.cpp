#include "endpointkit/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.hpp"
#include "dialect/dialect.hpp"
#include "endpoint/adaptive_rate.hpp"
#include "endpoint/calls.hpp"
#include "endpoint/client_state.hpp"
#include "endpoint/consumers.hpp"
#include "endpoint/endpoint_state.hpp"
#include "endpoint/limiter.hpp"
#include "endpoint/pumped_call.hpp"
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

// It becomes part of a header.
Result<void> check_user_agent(std::string_view suffix) {
  const bool good = std::all_of(suffix.begin(), suffix.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7F;
  });
  if (good) return {};
  return Error{.code = ErrorCode::invalid_request,
               .phase = Phase::request,
               .message = fmt::format("user_agent_suffix wants text of one line, got \"{}\"",
                                      clip(printable(suffix), 80))};
}

SigningServices services_of(const ClientState& client) {
  return {
      .transport = client.transport, .environment = client.environment, .tokens = client.tokens};
}

SignContext sign_context(const EndpointState& endpoint, const CallOptions& options) {
  const Timeouts timeouts = options.timeouts.value_or(endpoint.defaults.timeouts);
  const auto limit = timeouts.total;
  const SteadyTime now = endpoint.client->environment->steady_now();
  return {.deadline = limit.count() > 0 ? now + limit : SteadyTime::max(), .stop = options.stop};
}

// Runs the call to its end.
template <class WantedConsumer>
Result<WantedConsumer*> run(PumpedCall& pumped) {
  pumped.pump();
  if (const Error* error = pumped.call().error()) return *error;
  return &static_cast<WantedConsumer&>(pumped.call().consumer());
}

// The item that waits, or the error that ended the call, once; then nothing.
template <class Item, class ItemConsumer>
std::optional<Result<Item>> next_item(PumpedCall& pumped, bool& told) {
  pumped.pump();
  Call& call = pumped.call();
  if (const Error* error = call.error()) {
    if (std::exchange(told, true)) return std::nullopt;
    return Result<Item>(*error);
  }
  auto& consumer = static_cast<ItemConsumer&>(call.consumer());
  const Consumer::Progress progress = consumer.progress();
  if (!progress.item) return std::nullopt;
  if (progress.content) call.commit();
  std::optional<Result<Item>> item(std::in_place, consumer.take());
  if constexpr (std::is_same_v<Item, ChatEvent>) {
    if ((*item)->template get_if<Finished>() != nullptr) pumped.complete();
  }
  return item;
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
  if (auto good = check_user_agent(client.state()->options.user_agent_suffix); !good)
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
  CallDefaults defaults = state->defaults();
  if (defaults.retry == RetryPolicy{}) defaults.retry = cloud->retry();
  return Endpoint(std::make_shared<const EndpointState>(
      EndpointState{.client = state,
                    .cloud = std::move(cloud),
                    .dialect = dialect,
                    .signer = *std::move(signer),
                    .uri = std::move(uri),
                    .defaults = defaults,
                    .rate = std::make_shared<AdaptiveRate>(state->environment->steady_now())}));
}

Endpoint::Endpoint(std::shared_ptr<const EndpointState> state) : state_(std::move(state)) {}
Endpoint::Endpoint(Endpoint&&) noexcept = default;
Endpoint& Endpoint::operator=(Endpoint&&) noexcept = default;
Endpoint::~Endpoint() = default;

Result<Endpoint> Endpoint::with_limits(const Limits& limits) const {
  const auto good = [](double limit) { return std::isfinite(limit) && limit >= 0; };
  if (limits.max_in_flight < 0 || !good(limits.requests_per_minute) ||
      !good(limits.tokens_per_minute)) {
    return Error{.code = ErrorCode::invalid_request,
                 .phase = Phase::request,
                 .message = fmt::format("limits are numbers, 0 or more; got max_in_flight {}, "
                                        "requests_per_minute {}, tokens_per_minute {}",
                                        limits.max_in_flight, limits.requests_per_minute,
                                        limits.tokens_per_minute)};
  }
  if (state_->group) {
    return Error{.code = ErrorCode::invalid_request,
                 .phase = Phase::request,
                 .message = "a group has no limits of its own: give them to its members"};
  }
  EndpointState state = *state_;
  state.limiter = std::make_shared<Limiter>(limits);
  return Endpoint(std::make_shared<const EndpointState>(std::move(state)));
}

const CallDefaults& Endpoint::defaults() const noexcept { return state_->defaults; }

Endpoint Endpoint::with_defaults(const CallDefaults& defaults) const {
  EndpointState state = *state_;
  state.defaults = defaults;
  return Endpoint(std::make_shared<const EndpointState>(std::move(state)));
}

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
  auto call = make_chat(state_, request, options);
  if (!call) return std::move(call).error();
  PumpedCall pumped(*std::move(call));
  auto done = run<ReplyConsumer>(pumped);
  if (!done) return std::move(done).error();
  return (*done)->take_reply();
}

Result<InvokeReply> Endpoint::invoke(const InvokeRequest& request,
                                     const CallOptions& options) const {
  auto call = make_invoke(state_, request, options);
  if (!call) return std::move(call).error();
  PumpedCall pumped(*std::move(call));
  if (auto done = run<WholeConsumer>(pumped); !done) return std::move(done).error();
  return take_invoke_reply(pumped.call());
}

Result<ChatStream> Endpoint::chat_stream(const ChatRequest& request,
                                         const CallOptions& options) const {
  auto call = make_chat_stream(state_, request, options);
  if (!call) return std::move(call).error();
  return ChatStream(std::make_unique<PumpedCall>(*std::move(call)));
}

Result<InvokeStream> Endpoint::invoke_stream(const InvokeRequest& request,
                                             const CallOptions& options) const {
  auto call = make_invoke_stream(state_, request, options);
  if (!call) return std::move(call).error();
  return InvokeStream(std::make_unique<PumpedCall>(*std::move(call)));
}

ChatStream::ChatStream(std::unique_ptr<PumpedCall> call) : call_(std::move(call)) {}
ChatStream::ChatStream(ChatStream&&) noexcept = default;
ChatStream& ChatStream::operator=(ChatStream&&) noexcept = default;
ChatStream::~ChatStream() = default;

std::optional<Result<ChatEvent>> ChatStream::next() {
  return next_item<ChatEvent, ChatConsumer>(*call_, told_);
}
bool ChatStream::wait(std::chrono::milliseconds timeout) { return call_->pump_for(timeout); }
void ChatStream::cancel() noexcept { call_->call().cancel(); }
const ChatReply& ChatStream::reply() const noexcept {
  return static_cast<const ChatConsumer&>(std::as_const(*call_).call().consumer()).reply();
}
std::string ChatStream::request_id() const { return request_id_of(call_->call()); }

InvokeStream::InvokeStream(std::unique_ptr<PumpedCall> call) : call_(std::move(call)) {}
InvokeStream::InvokeStream(InvokeStream&&) noexcept = default;
InvokeStream& InvokeStream::operator=(InvokeStream&&) noexcept = default;
InvokeStream::~InvokeStream() = default;

std::optional<Result<std::string>> InvokeStream::next() {
  return next_item<std::string, PieceConsumer>(*call_, told_);
}
bool InvokeStream::wait(std::chrono::milliseconds timeout) { return call_->pump_for(timeout); }
void InvokeStream::cancel() noexcept { call_->call().cancel(); }
std::string InvokeStream::content_type() const {
  const Call& call = call_->call();
  return call.head() != nullptr ? call.endpoint().cloud->content_type(*call.head()) : "";
}
std::string InvokeStream::request_id() const { return request_id_of(call_->call()); }

}  // namespace ek

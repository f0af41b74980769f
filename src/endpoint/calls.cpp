#include "endpoint/calls.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/later.hpp"
#include "base/text.hpp"
#include "endpoint/consumers.hpp"
#include "endpoint/direct_call.hpp"
#include "endpoint/group_call.hpp"

namespace ek {
namespace {

constexpr double bytes_a_token = 4;  // of the request's text, roughly

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

// The same bounds as for the keys of set_call_default(); whoever names a longer time means for
// ever.
Result<void> bound_numbers(Timeouts& timeouts, RetryPolicy& retry) {
  const auto refuse = [](std::string_view what, std::string_view wanted, long long got) {
    return Error{.code = ErrorCode::invalid_request,
                 .phase = Phase::request,
                 .message = fmt::format("{} is {}: expected {}", what, got, wanted)};
  };
  for (const auto& [what, time] : {std::pair{"Timeouts::connect", &timeouts.connect},
                                   {"Timeouts::first_event", &timeouts.first_event},
                                   {"Timeouts::idle", &timeouts.idle},
                                   {"Timeouts::total", &timeouts.total},
                                   {"RetryPolicy::max_backoff", &retry.max_backoff}}) {
    if (time->count() < 0) return refuse(what, "milliseconds, 0 or more", time->count());
    *time = bounded(*time);
  }
  if (retry.max_attempts < 1 || retry.max_attempts > 100)
    return refuse("RetryPolicy::max_attempts", "1 to 100", retry.max_attempts);
  return {};
}

Result<CallPtr> make_call(const EndpointPtr& endpoint, Operation operation,
                          const std::vector<Header>& headers, const CallOptions& options,
                          std::unique_ptr<Consumer> consumer, std::int64_t max_tokens = 0) {
  const double tokens =
      static_cast<double>(operation.body.size()) / bytes_a_token + static_cast<double>(max_tokens);
  for (const auto* list : {&headers, &options.headers}) {
    if (auto good = check_headers(*list); !good) return std::move(good).error();
  }
  const CallDefaults& defaults = endpoint->defaults;
  DirectCall::Plan plan{
      .endpoint = endpoint,
      .request = endpoint->cloud->address(std::move(operation)),
      .timeouts = options.timeouts.value_or(defaults.timeouts),
      .retry = options.retry.value_or(defaults.retry),
      .on_cancel = options.on_cancel.value_or(defaults.on_cancel),
      .stop = options.stop,
      .observer = options.observer ? options.observer : endpoint->client->options.observer,
      .tokens = tokens};
  if (auto good = bound_numbers(plan.timeouts, plan.retry); !good) return std::move(good).error();
  for (const auto* list : {&headers, &options.headers}) {
    plan.request.headers.insert(plan.request.headers.end(), list->begin(), list->end());
  }
  return CallPtr(std::make_unique<DirectCall>(std::move(plan), std::move(consumer)));
}

Result<CallPtr> make_chat_call(const EndpointPtr& endpoint, const ChatRequest& request, bool stream,
                               const CallOptions& options, std::unique_ptr<Consumer> consumer) {
  dialect::EncodeHints hints = endpoint->cloud->hints();
  hints.stream = stream;
  auto body = endpoint->dialect->encode(request, hints);
  if (!body) return std::move(body).error();
  Operation operation{.kind = Operation::Kind::chat, .stream = stream, .body = *std::move(body)};
  return make_call(endpoint, std::move(operation), {}, options, std::move(consumer),
                   request.max_tokens.value_or(0));
}

Operation invoke_operation(const InvokeRequest& request, bool stream) {
  return {.kind = Operation::Kind::invoke,
          .stream = stream,
          .body = request.body,
          .content_type = request.content_type,
          .accept = request.accept};
}

// The same call to whichever member answers: `make` is one of the functions below.
template <class Request>
Result<CallPtr> make_group_call(Result<CallPtr> (*make)(const EndpointPtr&, const Request&,
                                                        const CallOptions&),
                                const EndpointState& endpoint, const Request& request,
                                const CallOptions& options) {
  CallOptions given = options;
  // Where the group was given nothing of its own, its members do as they do.
  if (const CallDefaults& own = endpoint.defaults; own != endpoint.client->defaults()) {
    given.timeouts = given.timeouts.value_or(own.timeouts);
    given.retry = given.retry.value_or(own.retry);
    given.on_cancel = given.on_cancel.value_or(own.on_cancel);
  }
  auto call = std::make_unique<GroupCall>(
      endpoint.group, given, [make, request](const EndpointPtr& member, const CallOptions& how) {
        return make(member, request, how);
      });
  if (auto begun = call->begin(); !begun) return std::move(begun).error();
  return CallPtr(std::move(call));
}

}  // namespace

Result<CallPtr> make_chat(const EndpointPtr& endpoint, const ChatRequest& request,
                          const CallOptions& options) {
  if (endpoint->group) return make_group_call(make_chat, *endpoint, request, options);
  return make_chat_call(endpoint, request, false, options,
                        std::make_unique<ReplyConsumer>(*endpoint->dialect));
}

Result<CallPtr> make_chat_stream(const EndpointPtr& endpoint, const ChatRequest& request,
                                 const CallOptions& options) {
  if (endpoint->group) return make_group_call(make_chat_stream, *endpoint, request, options);
  return make_chat_call(endpoint, request, true, options,
                        std::make_unique<ChatConsumer>(*endpoint));
}

Result<CallPtr> make_invoke(const EndpointPtr& endpoint, const InvokeRequest& request,
                            const CallOptions& options) {
  if (endpoint->group) return make_group_call(make_invoke, *endpoint, request, options);
  return make_call(endpoint, invoke_operation(request, false), request.headers, options,
                   std::make_unique<WholeConsumer>());
}

Result<CallPtr> make_invoke_stream(const EndpointPtr& endpoint, const InvokeRequest& request,
                                   const CallOptions& options) {
  if (endpoint->group) return make_group_call(make_invoke_stream, *endpoint, request, options);
  return make_call(endpoint, invoke_operation(request, true), request.headers, options,
                   std::make_unique<PieceConsumer>(*endpoint));
}

InvokeReply take_invoke_reply(Call& call) {
  const Cloud& cloud = *call.endpoint().cloud;
  HttpHead head = call.take_head();
  return {.body = static_cast<WholeConsumer&>(call.consumer()).take(),
          .content_type = cloud.content_type(head),
          .request_id = cloud.request_id(head),
          .headers = std::move(head.headers)};
}

std::string request_id_of(const Call& call) {
  return call.head() != nullptr ? call.endpoint().cloud->request_id(*call.head()) : std::string();
}

}  // namespace ek

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>

#include "capi/capi.hpp"
#include "capi/options.hpp"
#include "endpointkit/endpointkit_queue.h"
#include "endpointkit/loop.hpp"

using namespace ek::capi;

struct epk_queue {
  explicit epk_queue(const ek::Client& client) : loop(client) {}

  ek::Loop loop;
  std::optional<epk_event> event{};
  std::atomic<std::uint64_t> ended = 0;  // its last event was given, its end was not
};

namespace {

struct EventOf {
  std::optional<epk_event> operator()(ek::ChatEvent& event) const {
    return epk_event{std::move(event)};
  }
  std::optional<epk_event> operator()(std::string& bytes) const {
    return epk_event{std::move(bytes)};
  }
  std::optional<epk_event> operator()(ek::StreamEnd&) const { return std::nullopt; }
  // Queues have streams only.
  std::optional<epk_event> operator()(ek::ChatReply&) const { return std::nullopt; }
  std::optional<epk_event> operator()(ek::InvokeReply&) const { return std::nullopt; }
  std::optional<epk_event> operator()(ek::Error& error) const { throw ek::Exception(error); }
};

epk_status next(epk_queue& queue, std::int64_t timeout_ms, std::uint64_t& call) {
  queue.event.reset();
  call = queue.ended.exchange(0);
  if (call != 0) return EPK_END;
  const bool for_ever = timeout_ms < 0 || timeout_ms > kLongWaitMs;
  auto event = queue.loop.next(std::chrono::milliseconds(for_ever ? kLongWaitMs : timeout_ms));
  if (!event) return EPK_AGAIN;
  call = event->call;
  queue.event = std::visit(EventOf{}, event->value);
  if (!queue.event) return EPK_END;
  if (event->last) queue.ended = call;
  return EPK_EVENT;
}

}  // namespace

epk_status epk_queue_new(const epk_client* client, epk_queue** queue, epk_error** error) {
  return guard(error, [&] {
    auto& made = out(queue, "queue");
    made = new epk_queue(require(client, "client").client);
    return EPK_OK;
  });
}

void epk_queue_free(epk_queue* queue) { delete queue; }

epk_status epk_queue_chat(epk_queue* queue, const epk_endpoint* endpoint,
                          const epk_request* request, const epk_options* options, uint64_t* call,
                          epk_error** error) {
  return guard(error, [&] {
    ek::Loop& loop = require(queue, "queue").loop;
    const epk_endpoint& at = require(endpoint, "endpoint");
    const ek::ChatRequest& chat = require(request, "request").request;
    std::uint64_t& id = require(call, "call");
    refuse_foreign_keys(options, of_call, "epk_queue_chat");
    id = loop.chat_stream(at.endpoint, chat, call_options(options, at)).value();
    return EPK_OK;
  });
}

epk_status epk_queue_invoke(epk_queue* queue, const epk_endpoint* endpoint, const void* body,
                            size_t length, const epk_options* options, uint64_t* call,
                            epk_error** error) {
  return guard(error, [&] {
    ek::Loop& loop = require(queue, "queue").loop;
    const epk_endpoint& at = require(endpoint, "endpoint");
    const auto bytes = text_in(static_cast<const char*>(body), length, "body");
    std::uint64_t& id = require(call, "call");
    refuse_foreign_keys(options, of_invoke, "epk_queue_invoke");
    id = loop.invoke_stream(at.endpoint, invoke_request(bytes, options), call_options(options, at))
             .value();
    return EPK_OK;
  });
}

epk_status epk_queue_next(epk_queue* queue, int64_t timeout_ms, uint64_t* call,
                          const epk_event** event, epk_error** error) {
  return guard(error, [&] {
    auto& given = out(event, "event");
    std::uint64_t& id = require(call, "call");
    id = 0;
    epk_queue& at = require(queue, "queue");
    const epk_status status = next(at, timeout_ms, id);
    if (status == EPK_EVENT) given = &*at.event;
    return status;
  });
}

void epk_queue_cancel(epk_queue* queue, uint64_t call) {
  if (queue != nullptr) queue->loop.cancel(call);
}

void epk_queue_pause(epk_queue* queue, uint64_t call) {
  if (queue != nullptr) queue->loop.pause(call);
}

void epk_queue_resume(epk_queue* queue, uint64_t call) {
  if (queue != nullptr) queue->loop.resume(call);
}

void epk_queue_wake(epk_queue* queue) {
  if (queue != nullptr) queue->loop.wake();
}

size_t epk_queue_size(const epk_queue* queue) {
  return queue != nullptr ? queue->loop.size() + (queue->ended != 0 ? 1 : 0) : 0;
}

int epk_queue_fd(const epk_queue* queue) { return queue != nullptr ? queue->loop.fd() : -1; }

int64_t epk_queue_wait_ms(const epk_queue* queue) {
  if (queue == nullptr) return -1;
  if (queue->ended != 0) return 0;
  const auto due = queue->loop.deadline();
  if (due == std::chrono::steady_clock::time_point::max()) return -1;
  const auto left = due - std::chrono::steady_clock::now();
  return std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(left).count());
}

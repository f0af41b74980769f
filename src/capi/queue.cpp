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
  std::atomic<std::size_t> calls = 0;    // whose end was not given
};

namespace {

struct EventOf {
  std::optional<epk_event> operator()(ek::ChatEvent& event) const {
    return epk_event{std::move(event)};
  }
  std::optional<epk_event> operator()(std::string& bytes) const {
    return epk_event{std::move(bytes)};
  }
  // The end. Queues have streams only, and no error comes here.
  template <class Other>
  std::optional<epk_event> operator()(Other&) const {
    return std::nullopt;
  }
};

epk_status end(epk_queue& queue) {
  --queue.calls;
  return EPK_END;
}

// Counted before it can end.
template <class Begin>
std::uint64_t begin(epk_queue& queue, const Begin& begin) {
  ++queue.calls;
  try {
    return begin(queue.loop).value();
  } catch (...) {
    --queue.calls;
    throw;
  }
}

epk_status next(epk_queue& queue, std::int64_t timeout_ms, std::uint64_t& call) {
  queue.event.reset();
  call = queue.ended.exchange(0);
  if (call != 0) return end(queue);
  const bool for_ever = timeout_ms < 0 || timeout_ms > kLongWaitMs;
  auto event = queue.loop.next(std::chrono::milliseconds(for_ever ? kLongWaitMs : timeout_ms));
  if (!event) return EPK_AGAIN;
  call = event->call;
  if (auto* error = std::get_if<ek::Error>(&event->value)) {
    --queue.calls;
    throw ek::Exception(std::move(*error));
  }
  queue.event = std::visit(EventOf{}, event->value);
  if (!queue.event) return end(queue);
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
    std::uint64_t& id = out(call, "call");
    epk_queue& asked = require(queue, "queue");
    const epk_endpoint& at = require(endpoint, "endpoint");
    const ek::ChatRequest& chat = require(request, "request").request;
    refuse_foreign_keys(options, of_call, "epk_queue_chat");
    id = begin(asked, [&](ek::Loop& loop) {
      return loop.chat_stream(at.endpoint, chat, call_options(options, at));
    });
    return EPK_OK;
  });
}

epk_status epk_queue_invoke(epk_queue* queue, const epk_endpoint* endpoint, const void* body,
                            size_t length, const epk_options* options, uint64_t* call,
                            epk_error** error) {
  return guard(error, [&] {
    std::uint64_t& id = out(call, "call");
    epk_queue& asked = require(queue, "queue");
    const epk_endpoint& at = require(endpoint, "endpoint");
    const auto bytes = text_in(static_cast<const char*>(body), length, "body");
    refuse_foreign_keys(options, of_invoke, "epk_queue_invoke");
    id = begin(asked, [&](ek::Loop& loop) {
      return loop.invoke_stream(at.endpoint, invoke_request(bytes, options),
                                call_options(options, at));
    });
    return EPK_OK;
  });
}

epk_status epk_queue_next(epk_queue* queue, int64_t timeout_ms, uint64_t* call,
                          const epk_event** event, epk_error** error) {
  return guard(error, [&] {
    if (event != nullptr) *event = nullptr;
    std::uint64_t& id = out(call, "call");
    auto& given = out(event, "event");
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

size_t epk_queue_size(const epk_queue* queue) { return queue != nullptr ? queue->calls.load() : 0; }

int epk_queue_fd(const epk_queue* queue) { return queue != nullptr ? queue->loop.fd() : -1; }

int64_t epk_queue_wait_ms(const epk_queue* queue) {
  if (queue == nullptr) return -1;
  if (queue->ended != 0) return 0;
  const auto due = queue->loop.deadline();
  if (due == std::chrono::steady_clock::time_point::max()) return -1;
  const auto left = due - std::chrono::steady_clock::now();
  return std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(left).count());
}

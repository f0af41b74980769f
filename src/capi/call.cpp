#include <chrono>

#include "capi/capi.hpp"
#include "capi/options.hpp"
#include "capi/reply.hpp"

using namespace ek::capi;

namespace {

bool wait(epk_call& call, std::int64_t timeout_ms) {
  if (timeout_ms < 0 || timeout_ms > kLongWaitMs) return true;
  return std::visit(
      [&](auto& stream) { return stream.wait(std::chrono::milliseconds(timeout_ms)); },
      call.stream);
}

void note_names(epk_call& call) {
  std::visit([&](const auto& stream) { call.request_id = stream.request_id(); }, call.stream);
  if (const auto* bytes = std::get_if<ek::InvokeStream>(&call.stream)) {
    call.content_type = bytes->content_type();
  }
}

// An answer that ended with an error has that as its failure.
epk_status take(epk_call& call) {
  return std::visit(
      [&](auto& stream) -> epk_status {
        auto item = stream.next();
        if (!item) {
          call.ended = true;
          return EPK_END;
        }
        if (!*item) {
          call.failure = item->error();
          return EPK_END;
        }
        call.event.emplace(epk_event{std::move(**item)});
        return EPK_EVENT;
      },
      call.stream);
}

epk_status next(epk_call& call, std::int64_t timeout_ms) {
  if (call.failure) throw ek::Exception(*call.failure);
  if (call.ended) return EPK_END;
  call.event.reset();
  const epk_status status = wait(call, timeout_ms) ? take(call) : EPK_AGAIN;
  note_names(call);
  if (call.failure) throw ek::Exception(*call.failure);
  return status;
}

}  // namespace

epk_status epk_chat_start(const epk_endpoint* endpoint, const epk_request* request,
                          const epk_options* options, epk_call** call, epk_error** error) {
  return guard(error, [&] {
    auto& made = out(call, "call");
    const epk_endpoint& at = require(endpoint, "endpoint");
    const ek::ChatRequest& chat = require(request, "request").request;
    refuse_foreign_keys(options, of_call, "epk_chat_start");
    made = new epk_call{at.endpoint.chat_stream(chat, call_options(options, at)).value()};
    return EPK_OK;
  });
}

epk_status epk_invoke_start(const epk_endpoint* endpoint, const void* body, size_t length,
                            const epk_options* options, epk_call** call, epk_error** error) {
  return guard(error, [&] {
    auto& made = out(call, "call");
    const epk_endpoint& at = require(endpoint, "endpoint");
    const auto bytes = text_in(static_cast<const char*>(body), length, "body");
    refuse_foreign_keys(options, of_invoke, "epk_invoke_start");
    const ek::InvokeRequest sent = invoke_request(bytes, options);
    made = new epk_call{at.endpoint.invoke_stream(sent, call_options(options, at)).value()};
    return EPK_OK;
  });
}

epk_status epk_call_next(epk_call* call, int64_t timeout_ms, const epk_event** event,
                         epk_error** error) {
  return guard(error, [&] {
    auto& given = out(event, "event");
    epk_call& at = require(call, "call");
    const epk_status status = next(at, timeout_ms);
    if (status == EPK_EVENT) given = &*at.event;
    return status;
  });
}

void epk_call_cancel(epk_call* call) {
  if (call == nullptr) return;
  std::visit([](auto& stream) { stream.cancel(); }, call->stream);
}

epk_status epk_call_reply(const epk_call* call, epk_reply** reply, epk_error** error) {
  return guard(error, [&] {
    auto& made = out(reply, "reply");
    const auto* chat = std::get_if<ek::ChatStream>(&require(call, "call").stream);
    if (chat == nullptr) refuse("call is that of epk_invoke_start, whose bytes are not kept");
    made = make_reply(chat->reply());
    return EPK_OK;
  });
}

const char* epk_call_request_id(const epk_call* call, size_t* length) {
  return call != nullptr ? text_out(call->request_id, length) : empty_text(length);
}

const char* epk_call_content_type(const epk_call* call, size_t* length) {
  return call != nullptr ? text_out(call->content_type, length) : empty_text(length);
}

void epk_call_free(epk_call* call) { delete call; }

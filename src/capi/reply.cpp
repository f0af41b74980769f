#include "capi/reply.hpp"

#include <nlohmann/json.hpp>

#include "capi/options.hpp"
#include "dialect/json_text.hpp"

namespace ek::capi {

epk_reply* make_reply(ChatReply reply) {
  std::string text = reply.text();
  return new epk_reply{std::move(reply), std::move(text)};
}

epk_reply* make_reply(InvokeReply reply) {
  std::string body = std::move(reply.body);
  return new epk_reply{std::move(reply), std::move(body)};
}

}  // namespace ek::capi

using namespace ek::capi;

namespace {

// What there is to know of an invocation's answer beside its body.
std::string facts_json(const ek::InvokeReply& reply) {
  nlohmann::ordered_json facts = {{"content_type", reply.content_type},
                                  {"request_id", reply.request_id},
                                  {"headers", nlohmann::ordered_json::array()}};
  for (const ek::Header& header : reply.headers) {
    facts["headers"].push_back(
        {{"name", header.name}, {"value", header.sensitive ? "***" : header.value}});
  }
  return facts.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

epk_status epk_chat(const epk_endpoint* endpoint, const epk_request* request,
                    const epk_options* options, epk_reply** reply, epk_error** error) {
  return guard(error, [&] {
    auto& made = out(reply, "reply");
    const epk_endpoint& at = require(endpoint, "endpoint");
    const ek::ChatRequest& chat = require(request, "request").request;
    refuse_foreign_keys(options, of_call, "epk_chat");
    made = make_reply(at.endpoint.chat(chat, call_options(options, at)).value());
    return EPK_OK;
  });
}

epk_status epk_invoke(const epk_endpoint* endpoint, const void* body, size_t length,
                      const epk_options* options, epk_reply** reply, epk_error** error) {
  return guard(error, [&] {
    auto& made = out(reply, "reply");
    const epk_endpoint& at = require(endpoint, "endpoint");
    const auto bytes = text_in(static_cast<const char*>(body), length, "body");
    refuse_foreign_keys(options, of_invoke, "epk_invoke");
    const ek::InvokeRequest sent = invoke_request(bytes, options);
    made = make_reply(at.endpoint.invoke(sent, call_options(options, at)).value());
    return EPK_OK;
  });
}

const char* epk_reply_text(const epk_reply* reply, size_t* length) {
  return reply != nullptr ? text_out(reply->text, length) : empty_text(length);
}

const char* epk_reply_json(const epk_reply* reply, size_t* length) {
  if (reply == nullptr) return empty_text(length);
  return text_once(reply->json, length, [&] {
    const auto* chat = std::get_if<ek::ChatReply>(&reply->reply);
    return chat != nullptr ? ek::dialect::to_json(*chat)
                           : facts_json(*std::get_if<ek::InvokeReply>(&reply->reply));
  });
}

const char* epk_reply_finish_reason(const epk_reply* reply) {
  const auto* chat = reply != nullptr ? std::get_if<ek::ChatReply>(&reply->reply) : nullptr;
  return to_string(chat != nullptr ? chat->finish_reason : ek::FinishReason::other).data();
}

void epk_reply_free(epk_reply* reply) { delete reply; }

#include "capi/capi.hpp"
#include "dialect/json_text.hpp"

using namespace ek::capi;

namespace {

ek::Message make_message(std::string_view role, std::string text) {
  if (role == "user") return ek::user(std::move(text));
  if (role == "assistant") return ek::assistant(std::move(text));
  if (role == "system") return ek::system(std::move(text));
  if (role == "tool") {
    refuse(
        "role is \"tool\"; the result of a tool is appended with epk_request_add_tool_result, "
        "which "
        "takes the id of its call");
  }
  refuse("role is \"" + std::string(role) + "\"; known are system, user, assistant");
}

}  // namespace

epk_status epk_request_new(epk_request** request, epk_error** error) {
  return guard(error, [&] {
    out(request, "request") = new epk_request{};
    return EPK_OK;
  });
}

epk_status epk_request_from_json(const char* json, size_t length, epk_request** request,
                                 epk_error** error) {
  return guard(error, [&] {
    auto& made = out(request, "request");
    const std::string_view text = text_in(json, length, "json");
    made = new epk_request{ek::dialect::parse_chat_request(text).value()};
    return EPK_OK;
  });
}

epk_status epk_request_from_message(const char* text, size_t length, epk_request** request,
                                    epk_error** error) {
  return guard(error, [&] {
    auto& made = out(request, "request");
    ek::ChatRequest chat;
    chat.messages.push_back(ek::user(std::string(text_in(text, length, "text"))));
    made = new epk_request{std::move(chat)};
    return EPK_OK;
  });
}

void epk_request_free(epk_request* request) { delete request; }

epk_status epk_request_add_message(epk_request* request, const char* role, const char* text,
                                   size_t length, epk_error** error) {
  return guard(error, [&] {
    auto& messages = require(request, "request").request.messages;
    const std::string_view name(&require(role, "role"));
    messages.push_back(make_message(name, std::string(text_in(text, length, "text"))));
    return EPK_OK;
  });
}

epk_status epk_request_add_reply(epk_request* request, const epk_reply* reply, epk_error** error) {
  return guard(error, [&] {
    auto& messages = require(request, "request").request.messages;
    const auto* chat = std::get_if<ek::ChatReply>(&require(reply, "reply").reply);
    if (chat == nullptr) refuse("reply is that of epk_invoke; only a chat can be continued");
    messages.push_back(chat->message);
    return EPK_OK;
  });
}

epk_status epk_request_add_tool_result(epk_request* request, const char* tool_call_id,
                                       const char* name, const char* content, size_t length,
                                       int is_error, epk_error** error) {
  return guard(error, [&] {
    auto& messages = require(request, "request").request.messages;
    ek::ToolResult result{.tool_call_id = &require(tool_call_id, "tool_call_id"),
                          .name = name != nullptr ? name : "",
                          .content = std::string(text_in(content, length, "content")),
                          .is_error = is_error != 0};
    messages.push_back({ek::Role::tool, {std::move(result)}});
    return EPK_OK;
  });
}

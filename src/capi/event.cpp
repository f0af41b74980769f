#include "capi/capi.hpp"
#include "dialect/json_text.hpp"

using namespace ek::capi;

namespace {

struct KindOf {
  epk_kind operator()(const ek::TextDelta&) const { return EPK_EVENT_TEXT; }
  epk_kind operator()(const ek::ReasoningDelta&) const { return EPK_EVENT_REASONING; }
  epk_kind operator()(const ek::SignatureDelta&) const { return EPK_EVENT_SIGNATURE; }
  epk_kind operator()(const ek::ToolCallStarted&) const { return EPK_EVENT_TOOL_CALL; }
  epk_kind operator()(const ek::ToolCallDelta&) const { return EPK_EVENT_TOOL_ARGUMENTS; }
  epk_kind operator()(const ek::ImageOutput&) const { return EPK_EVENT_IMAGE; }
  epk_kind operator()(const ek::UsageUpdate&) const { return EPK_EVENT_USAGE; }
  epk_kind operator()(const ek::ProviderEvent&) const { return EPK_EVENT_PROVIDER; }
  epk_kind operator()(const ek::Heartbeat&) const { return EPK_EVENT_HEARTBEAT; }
  epk_kind operator()(const ek::Finished&) const { return EPK_EVENT_FINISHED; }
};

const std::string* text_of(const epk_event& event) {
  if (const auto* bytes = std::get_if<std::string>(&event.value)) return bytes;
  const auto& chat = *std::get_if<ek::ChatEvent>(&event.value);
  if (const auto* delta = chat.get_if<ek::TextDelta>()) return &delta->text;
  if (const auto* delta = chat.get_if<ek::ReasoningDelta>()) return &delta->text;
  if (const auto* delta = chat.get_if<ek::ToolCallDelta>()) return &delta->arguments;
  return nullptr;
}

std::string bytes_json(const epk_event& event) {
  return R"({"type": "bytes", "size": )" + std::to_string(text_of(event)->size()) + "}";
}

}  // namespace

epk_kind epk_event_kind(const epk_event* event) {
  if (event == nullptr) return 0;
  const auto* chat = std::get_if<ek::ChatEvent>(&event->value);
  return chat != nullptr ? std::visit(KindOf{}, chat->value) : EPK_EVENT_BYTES;
}

const char* epk_event_text(const epk_event* event, size_t* length) {
  const std::string* text = event != nullptr ? text_of(*event) : nullptr;
  return text != nullptr ? text_out(*text, length) : empty_text(length);
}

const char* epk_event_json(const epk_event* event, size_t* length) {
  if (event == nullptr) return empty_text(length);
  return text_once(event->json, length, [&] {
    const auto* chat = std::get_if<ek::ChatEvent>(&event->value);
    return chat != nullptr ? ek::dialect::to_json(*chat) : bytes_json(*event);
  });
}

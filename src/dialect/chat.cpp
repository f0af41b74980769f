#include "endpointkit/chat.hpp"

namespace ek {
namespace {

constexpr std::string_view kNoArguments = "{}";

Message of_one_text(Role role, std::string text) {
  Message message{role, {}};
  message.parts.emplace_back(Text{std::move(text), {}});
  return message;
}

// The last part, if it is a P that was not signed yet: a signature ends a part.
template <class P>
P* open_part(Message& message) {
  if (message.parts.empty()) return nullptr;
  P* part = std::get_if<P>(&message.parts.back());
  return part != nullptr && part->signature.empty() ? part : nullptr;
}

template <class P>
P& open_or_new_part(Message& message) {
  if (P* part = open_part<P>(message)) return *part;
  return std::get<P>(message.parts.emplace_back(P{}));
}

}  // namespace

std::string Message::text() const {
  std::string all;
  for (const Part& part : parts) {
    if (const auto* text = std::get_if<Text>(&part)) all += text->text;
  }
  return all;
}

Message system(std::string text) { return of_one_text(Role::system, std::move(text)); }
Message user(std::string text) { return of_one_text(Role::user, std::move(text)); }
Message assistant(std::string text) { return of_one_text(Role::assistant, std::move(text)); }

Message tool_result(const ToolCall& call, std::string content) {
  Message message{Role::tool, {}};
  message.parts.emplace_back(ToolResult{call.id, call.name, std::move(content), false});
  return message;
}

std::string_view to_string(FinishReason reason) noexcept {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::tool_calls:
      return "tool_calls";
    case FinishReason::content_filter:
      return "content_filter";
    case FinishReason::other:
      break;
  }
  return "other";
}

std::vector<ToolCall> ChatReply::tool_calls() const {
  std::vector<ToolCall> calls;
  for (const Part& part : message.parts) {
    if (const auto* call = std::get_if<ToolCall>(&part)) calls.push_back(*call);
  }
  return calls;
}

ToolCall* ReplyBuilder::call(int index) {
  const auto at = static_cast<std::size_t>(index);
  if (index < 0 || at >= call_parts_.size()) return nullptr;
  return std::get_if<ToolCall>(&reply_.message.parts[call_parts_[at]]);
}

void ReplyBuilder::set_identity(std::string_view id, std::string_view model) {
  reply_.id = id;
  reply_.model = model;
}

void ReplyBuilder::add(const ChatEvent& event) {
  struct Adder {
    ReplyBuilder& builder;
    Message& message;

    void operator()(const TextDelta& delta) const {
      open_or_new_part<Text>(message).text += delta.text;
    }
    void operator()(const ReasoningDelta& delta) const {
      open_or_new_part<Reasoning>(message).text += delta.text;
    }
    void operator()(const SignatureDelta& delta) const {
      switch (delta.of) {
        case SignatureDelta::Of::text:
          open_or_new_part<Text>(message).signature = delta.signature;
          break;
        case SignatureDelta::Of::reasoning:
          open_or_new_part<Reasoning>(message).signature = delta.signature;
          break;
        case SignatureDelta::Of::image:
          if (auto* image = open_part<Image>(message)) image->signature = delta.signature;
          break;
        case SignatureDelta::Of::tool_call:
          if (ToolCall* call = builder.call(delta.index)) call->signature = delta.signature;
          break;
      }
    }
    void operator()(const ToolCallStarted& start) const {
      builder.call_parts_.push_back(message.parts.size());
      message.parts.emplace_back(ToolCall{start.id, start.name, {std::string(kNoArguments)}, {}});
    }
    void operator()(const ToolCallDelta& delta) const {
      ToolCall* call = builder.call(delta.index);
      if (call == nullptr || delta.arguments.empty()) return;
      if (call->arguments.text == kNoArguments) call->arguments.text.clear();
      call->arguments.text += delta.arguments;
    }
    void operator()(const ImageOutput& output) const { message.parts.emplace_back(output.image); }
    void operator()(const UsageUpdate& update) const { builder.reply_.usage = update.usage; }
    void operator()(const ProviderEvent& provider) const {
      if (!provider.part) return;
      message.parts.emplace_back(ProviderPart{provider.dialect, provider.json});
    }
    void operator()(const Heartbeat&) const {}
    void operator()(const Finished& end) const {
      builder.reply_.finish_reason = end.reason;
      builder.reply_.provider_reason = end.provider_reason;
      builder.reply_.usage = end.usage;
    }
  };
  std::visit(Adder{*this, reply_.message}, event.value);
}

}  // namespace ek

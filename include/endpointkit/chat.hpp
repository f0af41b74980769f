// The vocabulary of a chat: what one sends (ChatRequest), what comes back (ChatReply, ChatEvent).
// Plain values, the same for every model, all text in UTF-8 (bytes that are none are sent as
// U+FFFD); what a provider sends beyond it is kept as JSON text, so that a conversation can be sent
// back without loss.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "endpointkit/export.hpp"

namespace ek {

/// JSON as text (RFC 8259, UTF-8). Checked where it is used, not where it is made.
/// endpointkit/json.hpp turns it into nlohmann::json and back.
struct JsonText {
  std::string text{};
  bool operator==(const JsonText&) const = default;
};

enum class Role { system, user, assistant, tool };

struct Text {
  std::string text{};
  std::string
      signature{};  ///< Opaque proof some models want back with it (Gemini thoughtSignature).
  bool operator==(const Text&) const = default;
};

/// An image in a message: either its bytes (not base64) or a URL that the provider can fetch.
struct Image {
  std::string mime_type{};  ///< "image/png"
  std::string bytes{};
  std::string url{};
  std::string signature{};  ///< As in Text.
  bool operator==(const Image&) const = default;
};

/// What a model thought before it answered; `signature` must go back unchanged where there is one.
struct Reasoning {
  std::string text{};
  std::string signature{};
  bool operator==(const Reasoning&) const = default;
};

/// The model wants a tool run. `arguments` is a JSON object, "{}" when the model sent none; where
/// the model sent something that is not JSON, it is that text as it came.
struct ToolCall {
  std::string id{};
  std::string name{};
  JsonText arguments{};
  std::string signature{};
  bool operator==(const ToolCall&) const = default;
};

/// What the tool gave, to be sent back in a message of Role::tool.
struct ToolResult {
  std::string tool_call_id{};
  std::string name{};
  std::string content{};
  bool is_error = false;
  bool operator==(const ToolResult&) const = default;
};

/// A part of a message that this vocabulary has no word for, verbatim; sent back as it came by the
/// dialect that made it and left out by every other.
struct ProviderPart {
  std::string dialect{};
  JsonText json{};
  bool operator==(const ProviderPart&) const = default;
};

using Part = std::variant<Text, Image, Reasoning, ToolCall, ToolResult, ProviderPart>;

struct Message {
  Role role = Role::user;
  std::vector<Part> parts{};

  /// All text parts joined.
  [[nodiscard]] EK_API std::string text() const;
  bool operator==(const Message&) const = default;
};

/// A message of one text part.
[[nodiscard]] EK_API Message system(std::string text);
[[nodiscard]] EK_API Message user(std::string text);
[[nodiscard]] EK_API Message assistant(std::string text);
/// The answer to one tool call.
[[nodiscard]] EK_API Message tool_result(const ToolCall& call, std::string content);

/// A function that the model may call. `parameters` is a JSON Schema of an object, which is sent as
/// it is: Gemini's own API takes Google's subset of it, without $schema, $ref, const or
/// additionalProperties (cloud.google.com/vertex-ai, REST reference, Schema).
struct Tool {
  std::string name{};
  std::string description{};
  JsonText parameters{};
  bool operator==(const Tool&) const = default;
};

struct ChatRequest {
  std::vector<Message> messages{};           ///< Oldest first; system messages may stand anywhere.
  std::string model{};                       ///< Only where one address serves several models.
  std::optional<std::int64_t> max_tokens{};  ///< Upper bound of the answer, in tokens.
  std::optional<double> temperature{};
  std::optional<double> top_p{};
  std::optional<std::int64_t> seed{};
  std::vector<std::string> stop{};  ///< Sequences at which the model stops.
  std::vector<Tool> tools{};
  std::string tool_choice{};  ///< "", "auto", "none", "required" or the name of a tool.
  /// A JSON object whose members are merged into the request body last, so they win: for options
  /// that only one provider has.
  JsonText extra{};
  bool operator==(const ChatRequest&) const = default;
};

/// Token counts; absent means that the provider did not say. Later counts replace earlier ones.
struct Usage {
  std::optional<std::int64_t> input_tokens{};
  std::optional<std::int64_t> output_tokens{};
  std::optional<std::int64_t> total_tokens{};
  std::optional<std::int64_t> reasoning_tokens{};   ///< Part of the output.
  std::optional<std::int64_t> cache_read_tokens{};  ///< Part of the input.
  JsonText raw{};                                   ///< The provider's own object; "" if none came.
  bool operator==(const Usage&) const = default;
};

enum class FinishReason {
  stop,            ///< The model was done, or met a stop sequence.
  length,          ///< max_tokens or the context was used up.
  tool_calls,      ///< The model waits for tool results.
  content_filter,  ///< Cut or withheld by the provider's filter.
  other,           ///< See `provider_reason`.
};
EK_API std::string_view to_string(FinishReason reason) noexcept;

struct TextDelta {
  std::string text{};
};
struct ReasoningDelta {
  std::string text{};
};
/// An opaque signature for what was said last: the text, the reasoning, the call `index` or the
/// image.
struct SignatureDelta {
  enum class Of { text, reasoning, tool_call, image } of = Of::text;
  int index = 0;
  std::string signature{};
};
/// A tool call begins. `index` counts the calls of this answer from 0, whatever the provider
/// numbers.
struct ToolCallStarted {
  int index = 0;
  std::string id{};
  std::string name{};
};
/// The next piece of the JSON arguments of call `index`.
struct ToolCallDelta {
  int index = 0;
  std::string arguments{};
};
/// An image that the model made.
struct ImageOutput {
  Image image{};
};
/// Counts so far; may come several times and after the last text.
struct UsageUpdate {
  Usage usage{};
};
/// Something the provider sent that has no word here, by its own name: "prompt_filter_results",
/// "citationMetadata". `part` is true where it belongs into the message (a ProviderPart).
struct ProviderEvent {
  std::string name{};
  JsonText json{};
  bool part = false;
  std::string dialect{};  ///< Whose part it is; "" where `part` is false.
};
/// A sign of life without content (SSE comment, ping): the model still works.
struct Heartbeat {};
/// The last event of a whole answer. A stream that was cut never gives it.
struct Finished {
  FinishReason reason = FinishReason::other;
  std::string provider_reason{};  ///< As the provider spells it: "STOP", "tool_calls".
  Usage usage{};
};

/// One event of a streamed answer.
struct ChatEvent {
  std::variant<TextDelta, ReasoningDelta, SignatureDelta, ToolCallStarted, ToolCallDelta,
               ImageOutput, UsageUpdate, ProviderEvent, Heartbeat, Finished>
      value;

  /// The new text, or "" if this is another kind of event.
  [[nodiscard]] std::string_view text() const noexcept {
    const auto* delta = std::get_if<TextDelta>(&value);
    return delta != nullptr ? std::string_view(delta->text) : std::string_view();
  }
  template <class T>
  [[nodiscard]] const T* get_if() const noexcept {
    return std::get_if<T>(&value);
  }
};

/// A whole answer, or as much of it as came.
struct ChatReply {
  Message message{Role::assistant, {}};  ///< Append it to the conversation as it is.
  FinishReason finish_reason = FinishReason::other;
  std::string provider_reason{};  ///< As far as known, also of an answer that was cut later.
  Usage usage{};
  std::string model{};  ///< Which model answered, as the provider names it.
  std::string id{};     ///< The provider's id of this answer.
  JsonText raw{};       ///< The body of an unstreamed answer; "" for a streamed one.

  [[nodiscard]] std::string text() const { return message.text(); }
  [[nodiscard]] EK_API std::vector<ToolCall> tool_calls() const;
};

/// Puts the events of a stream together to the reply they make. Pure; ChatStream keeps one.
class EK_API ReplyBuilder {
 public:
  void add(const ChatEvent& event);
  void set_identity(std::string_view id, std::string_view model);
  void set_provider_reason(std::string_view reason) { reply_.provider_reason = reason; }
  [[nodiscard]] const ChatReply& reply() const noexcept { return reply_; }
  /// The reply; no more events can be added.
  [[nodiscard]] ChatReply take() noexcept { return std::move(reply_); }

 private:
  ToolCall* call(int index);
  ChatReply reply_;
  std::vector<std::size_t> call_parts_;  // call index -> position in reply_.message.parts
};

}  // namespace ek

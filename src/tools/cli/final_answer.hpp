// The answer that a recorded stream makes, as the last line of `endpointkit decode` shows it: in
// the provider's own words where it has some, so that it can be compared with what other tools
// found in the same recording.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dialect/dialect.hpp"
#include "endpointkit/chat.hpp"
#include "endpointkit/error.hpp"

namespace ek::cli {

/// Collects the events of one answer. Members of text():
///   text, reasoning, tool_calls [{id, name, arguments | arguments_raw}], finish_reason, usage
///   (numbers only), all as the provider spells them; complete: the answer is whole;
///   error: the provider's object, or {code, phase, message} for what this library found.
/// Only where the answer has them: model, refusal, images [{mime_type, bytes, sha256}], choices
/// (which replace the first four if there are several), content_filtered, prompt_filter_results,
/// prompt_feedback, safety_blocked, finish_message, citations and thought_signatures (how many),
/// grounding, url_context, streamed_arguments, code, code_results, generated_text.
class FinalAnswer {
 public:
  void add(const ChatEvent& event);
  /// `reply` is what the decoder kept; `error` is null if none came.
  [[nodiscard]] std::string text(const ChatReply& reply, const Error* error) const;

 private:
  struct Choice {
    std::unique_ptr<dialect::StreamDecoder> decoder;
    ReplyBuilder builder;
  };

  void add_provider(const ProviderEvent& event);
  void add_choice(const std::string& json);
  void add_filtered(const std::string& json);
  void add_blocked(const std::string& json);
  void add_citations(const std::string& json);
  void add_part(const ProviderEvent& event);

  bool complete_ = false;
  bool prompt_blocked_ = false;
  std::string refusal_;
  std::vector<std::string> images_;
  std::map<long, Choice> choices_;  // all but the first
  std::vector<std::string> filtered_;
  std::vector<std::string> blocked_;
  std::vector<std::string> code_;
  std::vector<std::string> code_results_;
  std::map<std::string, std::string> plain_;  // members that are one value, as JSON
  int citations_ = 0;
  int signatures_ = 0;
};

}  // namespace ek::cli

// What the stream decoders of all dialects share.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"
#include "dialect/json_build.hpp"
#include "dialect/json_view.hpp"

namespace ek::dialect {

using Events = std::vector<ChatEvent>;

template <class T>
void push(Events& out, T event) {
  out.emplace_back().value.template emplace<T>(std::move(event));
}
/// Empty pieces say nothing and are no event.
void push_text(Events& out, std::string text);
void push_reasoning(Events& out, std::string text);
/// What the vocabulary has no word for; null and empty values are left out.
void push_notice(Events& out, std::string_view name, JsonView value);

/// The value of a frame, none if it is no JSON. A byte that is no UTF-8 is no reason to lose the
/// rest: it becomes U+FFFD, and the value is a view into `copy` then.
std::optional<JsonView> parse_frame(std::string_view frame, std::string& copy);

/// Latest values of what providers repeat in every frame, so that only a change is an event.
class Notices {
 public:
  void push_change(Events& out, std::string_view name, JsonView value);

 private:
  std::map<std::string, std::string, std::less<>> latest_;
};

/// Which of the answers that were asked for at once have ended, by their index.
class Ends {
 public:
  void note(std::int64_t index, bool ends) {
    bool& ended = ended_[index];
    ended = ended || ends;
  }
  /// Of at least one.
  [[nodiscard]] bool all() const;

 private:
  std::map<std::int64_t, bool> ended_;
};

/// Snapshots of the provider's usage object: later values replace earlier ones, and what a later
/// snapshot leaves out stays. One of absurd size replaces all before it.
class UsageSnapshots {
 public:
  /// True if there is something new to tell.
  bool update(JsonView object);
  [[nodiscard]] JsonView object() const;
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  bool tell(std::string_view text);

  ObjectText merged_;
  std::string text_;  // as it was told last
};

/// A stream decoder that also reads unstreamed answers, which are one frame.
class FrameDecoder : public StreamDecoder {
 public:
  [[nodiscard]] bool done() const noexcept override { return done_; }
  [[nodiscard]] std::string_view provider_reason() const noexcept override { return reason_; }
  [[nodiscard]] std::string_view id() const noexcept override { return id_; }
  [[nodiscard]] std::string_view model() const noexcept override { return model_; }
  /// Something came that only this dialect says.
  [[nodiscard]] bool recognised() const noexcept { return recognised_; }
  [[nodiscard]] const Usage& usage() const noexcept { return usage_; }
  /// Whether a whole answer without content or end is none; Gemini gives such for blocked prompts.
  [[nodiscard]] virtual bool needs_content() const noexcept { return false; }

 protected:
  bool done_ = false;
  bool recognised_ = false;
  std::string reason_;
  std::string id_;
  std::string model_;
  Usage usage_;
};

/// An unstreamed answer through `decoder`. `what` names it in the error for a body that is none.
Result<ChatReply> decode_whole(FrameDecoder& decoder, std::string_view body, std::string_view what);

/// server_error/decode: the model's answer was expected, a page for people came. None if it is
/// none.
std::optional<Error> web_page(std::string_view body);
/// server_error/decode: `what` was expected, `frame` came.
Error unexpected_frame(std::string_view what, std::string_view frame);
/// The error of a frame that is one by its event name, whatever it holds.
Error error_event(std::string_view frame);
/// invalid_request with a message.
Error refuse(std::string message);

/// The bytes of a "data:image/png;base64,…" URL as an Image; other URLs stay URLs.
Image image_from_url(std::string url);

}  // namespace ek::dialect

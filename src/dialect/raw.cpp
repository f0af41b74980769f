#include "dialect/raw.hpp"

#include <algorithm>

namespace ek::dialect {

Result<std::string> encode_raw(const ChatRequest& request) {
  if (!request.extra.text.empty()) {
    if (JsonView::parse(request.extra.text)) return request.extra.text;
    return refuse("`extra` is no JSON; in the raw dialect it is the body of the request");
  }
  const auto last = std::find_if(request.messages.rbegin(), request.messages.rend(),
                                 [](const Message& message) { return message.role == Role::user; });
  if (last == request.messages.rend()) {
    return refuse("the raw dialect sends `extra`, or the last message of the user; give either");
  }
  return last->text();
}

Result<void> RawStream::decode(const FrameView& frame, Events& out) {
  recognised_ = true;
  if (frame.data == "[DONE]") {
    done_ = true;
    return {};
  }
  if (frame.type == "error") return error_event(frame.data);
  push_text(out, std::string(frame.data));
  return {};
}

std::optional<Finished> RawStream::finish() { return Finished{FinishReason::stop, {}, {}}; }

}  // namespace ek::dialect

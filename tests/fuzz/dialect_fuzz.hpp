// A dialect under fire: lines are frames; then the same bytes as a whole answer, which goes back as
// a request if it decodes.
#pragma once

#include <cstdlib>
#include <string_view>

#include "dialect/dialect.hpp"
#include "dialect/json_check.hpp"
#include "dialect/json_text.hpp"

namespace ek::fuzz {

inline void check(bool good) {
  if (!good) std::abort();
}

inline void run_dialect(std::string_view name, std::string_view bytes) {
  const auto* dialect = dialect::find(name);
  auto stream = dialect->make_stream_decoder();
  ReplyBuilder builder;
  for (std::string_view rest = bytes; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : line.size());
    std::vector<ChatEvent> events;
    const bool decoded = stream->decode({line, {}}, events).has_value();
    for (const ChatEvent& event : events) {
      builder.add(event);
      check(dialect::is_json(dialect::to_json(event)));
    }
    if (!decoded) break;
  }
  if (const auto finished = stream->finish()) builder.add({*finished});
  check(dialect::is_json(dialect::to_json(builder.reply())));
  const auto reply = dialect->decode_reply(bytes);
  if (!reply) return;
  const ChatRequest request{.messages = {user("?"), reply->message}};
  if (const auto body = dialect->encode(request, {}); body && name != "raw") {
    check(dialect::is_json(*body));
  }
  const auto again = dialect::parse_chat_request(dialect::to_json(request));
  check(again.has_value() || again.error().code == ErrorCode::invalid_request);
}

}  // namespace ek::fuzz

// Runs frames through a dialect and shows what came as text, one line an event.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"
#include "dialect/json_text.hpp"

namespace ek::test {

struct Outcome {
  std::string events;  ///< dialect::to_json of each, one a line; Finished included.
  ChatReply reply;
  std::optional<Error> error;
  bool finished = false;
  bool done = false;

  [[nodiscard]] std::string text() const { return reply.text(); }
};

inline Outcome run_frames(std::string_view dialect, const std::vector<dialect::FrameView>& frames) {
  auto decoder = dialect::find(dialect)->make_stream_decoder();
  ReplyBuilder builder;
  Outcome outcome;
  const auto keep = [&](const ChatEvent& event) {
    builder.add(event);
    outcome.events += dialect::to_json(event) + "\n";
  };
  for (const auto& frame : frames) {
    std::vector<ChatEvent> events;
    const auto decoded = decoder->decode(frame, events);
    for (const ChatEvent& event : events) keep(event);
    if (!decoded) outcome.error = decoded.error();
  }
  if (const auto finished = decoder->finish(); finished && !outcome.error) {
    keep(ChatEvent{*finished});
    outcome.finished = true;
  }
  builder.set_identity(decoder->id(), decoder->model());
  outcome.done = decoder->done();
  outcome.reply = builder.reply();
  return outcome;
}

inline Outcome run_frames(std::string_view dialect, const std::vector<std::string>& frames) {
  std::vector<dialect::FrameView> views;
  for (const auto& frame : frames) views.push_back({frame, {}});
  return run_frames(dialect, views);
}

}  // namespace ek::test

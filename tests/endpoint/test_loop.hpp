// A loop on a fake transport, and what is heard of its calls.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "endpointkit/loop.hpp"
#include "support/test_endpoint.hpp"

namespace ek::test {

inline const ChatRequest hello{.messages = {user("Hello!")}};
inline const CallOptions patient{.timeouts = Timeouts{.first_event = {}, .idle = {}, .total = {}}};

struct Heard {
  std::string text;
  int last = 0;
  bool finished = false;
  std::optional<Error> error;
};

inline void hear(std::map<CallId, Heard>& heard, const LoopEvent& event) {
  Heard& call = heard[event.call];
  EXPECT_EQ(call.last, 0) << "nothing comes after the last event";
  call.last += event.last ? 1 : 0;
  if (const auto* part = event.get_if<ChatEvent>()) {
    call.text += part->text();
    call.finished |= part->get_if<Finished>() != nullptr;
  }
  if (const auto* piece = event.get_if<std::string>()) call.text += *piece;
  if (const auto* reply = event.get_if<ChatReply>()) call.text += reply->text();
  if (const auto* reply = event.get_if<InvokeReply>()) call.text += reply->body;
  if (const auto* error = event.get_if<Error>()) call.error = *error;
}

inline std::map<CallId, Heard> drain(Loop& loop) {
  std::map<CallId, Heard> heard;
  while (auto event = loop.next()) hear(heard, *event);
  return heard;
}

struct TestLoop : TestEndpoint {
  explicit TestLoop(ClientOptions options = {}) : endpoint(open(std::move(options))) {}
  Endpoint endpoint;
  Loop loop{*client};
};

}  // namespace ek::test

// A stream read to its end, for the tests of calls.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "support/test_endpoint.hpp"

namespace ek::test {

inline const ChatRequest hello{.messages = {user("Hello!")}};

struct Outcome {
  std::string text;
  bool finished = false;
  std::optional<Error> error;
};

inline Outcome drain(ChatStream& stream) {
  Outcome outcome;
  while (auto event = stream.next()) {
    if (!*event) {
      EXPECT_FALSE(outcome.error) << "an error is the last item";
      outcome.error = event->error();
    } else {
      EXPECT_FALSE(outcome.error);
      outcome.text += (*event)->text();
      outcome.finished |= (*event)->get_if<Finished>() != nullptr;
    }
  }
  return outcome;
}

inline Outcome stream_hello(TestEndpoint& test, ClientOptions options = {}) {
  const Endpoint endpoint = test.open(std::move(options));
  auto stream = endpoint.chat_stream(hello);
  EXPECT_TRUE(stream);
  return drain(*stream);
}

}  // namespace ek::test

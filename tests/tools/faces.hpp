// One question asked through each face of the API, and what its caller saw.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "endpointkit/endpoint.hpp"
#include "endpointkit/loop.hpp"

namespace ek::test {

/// What an application saw of a call.
struct Outcome {
  int pieces = 0;    // events of a stream, or the one reply
  std::string text;  // delivered
  int ends = 0;      // ways to end: a Finished, a reply, the end of a stream, an error
  std::optional<Error> error;

  void take(const ChatEvent& event) {
    ++pieces;
    text += event.text();
    if (event.get_if<Finished>() != nullptr) ++ends;
  }
  void take(const std::string& bytes) {
    ++pieces;
    text += bytes;
  }
  void take(const ChatReply& reply) {
    text = reply.text();
    ++ends;
  }
  void take(const InvokeReply& reply) {
    text = reply.body;
    ++ends;
  }
  void take(const StreamEnd&) { ++ends; }
  void take(const Error& why) {
    error = why;
    ++ends;
  }
  template <class T>
  void take(const Result<T>& result) {
    if (result) return take(*result);
    take(result.error());
  }
  /// "ok", or code and phase.
  [[nodiscard]] std::string name() const {
    if (!error) return "ok";
    return std::string(to_string(error->code)) + "/" + std::string(to_string(error->phase));
  }
};

enum Kind : unsigned { whole_chat = 1, whole_bytes = 2, chat_events = 4, byte_pieces = 8 };

/// A way to ask. Those with a loop of their own keep no connections for the next call.
struct Face {
  const char* name;
  Kind kind;
  Outcome (*ask)(const Client& client, const Endpoint& endpoint, const CallOptions& options);
  bool in_loop = false;
  bool in_group = false;

  /// A group of one adds nothing and takes nothing away.
  Outcome run(const Client& client, const Endpoint& endpoint,
              const CallOptions& options = {}) const;
};
std::span<const Face> faces();

// Two of them.
Outcome chat(const Client& client, const Endpoint& endpoint, const CallOptions& options);
Outcome chat_stream(const Client& client, const Endpoint& endpoint, const CallOptions& options);

}  // namespace ek::test

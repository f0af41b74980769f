// Runs a decoder over a body in pieces and writes down what came out, so that runs can be compared.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/decoder.hpp"

namespace ek::wire {

struct Got {
  std::string data{};
  std::string type{};
  bool heartbeat = false;
  bool unframed = false;
  bool operator==(const Got&) const = default;
};

inline void PrintTo(const Got& got, std::ostream* out) {
  *out << "{\"" << got.data << "\" type \"" << got.type << "\""
       << (got.heartbeat ? " heartbeat" : "") << (got.unframed ? " unframed" : "") << "}";
}

/// Frames and then the error, if one ended them.
struct Outcome {
  std::vector<Got> frames{};
  std::string error{};  ///< "truncated/stream"; "" for a proper end.
  std::string message{};
  bool operator==(const Outcome&) const = default;
};

inline void PrintTo(const Outcome& outcome, std::ostream* out) {
  for (const Got& got : outcome.frames) {
    PrintTo(got, out);
    *out << ' ';
  }
  *out << "then \"" << outcome.error << "\" " << outcome.message;
}

using MakeDecoder = std::function<std::unique_ptr<Decoder>()>;

/// Takes frames until none is left; false once an error came. Checks that the error stays.
inline bool drain(Decoder& decoder, Outcome& outcome) {
  while (true) {
    auto frame = decoder.next();
    if (!frame) {
      outcome.error = std::string(to_string(frame.error().code)) + "/" +
                      std::string(to_string(frame.error().phase));
      outcome.message = frame.error().message;
      const auto again = decoder.next();
      EXPECT_TRUE(!again && again.error() == frame.error()) << "the error did not stay";
      return false;
    }
    if (!*frame) return true;
    outcome.frames.push_back({std::string((*frame)->data), std::string((*frame)->type),
                              (*frame)->heartbeat, (*frame)->unframed});
  }
}

/// `size(offset)` is the size of the piece that begins there.
inline Outcome run_in_pieces(const MakeDecoder& make, std::string_view body,
                             const std::function<std::size_t(std::size_t)>& size) {
  const auto decoder = make();
  Outcome outcome;
  for (std::size_t at = 0; at < body.size();) {
    // A copy of its own, so that a view kept into it is caught by the sanitizers.
    const std::string piece(body.substr(at, size(at)));
    at += piece.size();
    decoder->append(piece, false);
    if (!drain(*decoder, outcome)) return outcome;
  }
  decoder->append({}, true);
  if (drain(*decoder, outcome)) {
    const auto after = decoder->next();
    EXPECT_TRUE(after && !*after) << "a frame came after the last one";
  }
  return outcome;
}

inline Outcome run_whole(const MakeDecoder& make, std::string_view body) {
  const auto decoder = make();
  Outcome outcome;
  decoder->append(body, true);
  drain(*decoder, outcome);
  return outcome;
}

/// The outcome, after checking that it is the same in one piece, in pieces of every size and at
/// random cuts.
inline Outcome run(const MakeDecoder& make, std::string_view body) {
  const Outcome whole = run_whole(make, body);
  const std::size_t largest = std::min<std::size_t>(body.size(), 300);
  for (std::size_t size = 1; size <= largest; ++size) {
    const Outcome cut = run_in_pieces(make, body, [&](std::size_t) { return size; });
    EXPECT_EQ(cut, whole) << "in pieces of " << size;
    if (!(cut == whole)) return whole;
  }
  std::mt19937 random(20260101);
  std::uniform_int_distribution<std::size_t> sizes(1, 40);
  for (int round = 0; round < 50; ++round) {
    EXPECT_EQ(run_in_pieces(make, body, [&](std::size_t) { return sizes(random); }), whole)
        << "at random cuts, round " << round;
  }
  return whole;
}

inline Got event(std::string data, std::string type = "") {
  return {.data = std::move(data), .type = std::move(type)};
}
inline Got heartbeat() { return {.heartbeat = true}; }
inline Got unframed(std::string data, std::string type = "") {
  return {.data = std::move(data), .type = std::move(type), .unframed = true};
}

}  // namespace ek::wire

// From a generation to the bytes of a body, whole or streamed with borders in bad places.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tools/emulator/exchange.hpp"
#include "tools/emulator/writer.hpp"

namespace ek::emulator {

/// The whole body. Errors: those of the generation, if it breaks.
Result<std::string> whole_answer(Generation& generation, Writer& writer);

/// How a cloud wraps a stream; without functions it does not.
struct Envelope {
  std::function<std::string(std::string_view bytes)> wrap{};
  std::function<std::string(const Error& error)> wrap_failure{};
};

/// The body in HTTP chunks. The payload is cut inside lines and characters before it is wrapped,
/// and the wrapped bytes once more, so that neither events nor frames nor chunks align. A failure
/// of code model_error is written down; any other cuts the connection.
std::unique_ptr<BodySource> stream_answer(std::unique_ptr<Generation> generation,
                                          std::unique_ptr<Writer> writer, Envelope envelope = {});

/// An answer that is cut after its first byte.
Reply cut_reply(std::string content_type);

}  // namespace ek::emulator

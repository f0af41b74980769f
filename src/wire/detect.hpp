// Which framing a body has, by what its sender says and by how it begins.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "wire/decoder.hpp"

namespace ek::wire {

enum class Framing {
  sse,
  ndjson,
  json_array,
  json,  ///< One value: an unstreamed answer.
  event_stream,
  plain,  ///< Raw text.
};

/// None if more bytes are needed to tell; `bytes` is all of the body so far, `last` that it ended.
/// A content type that names one framing decides; the vague ones (application/json, text/plain,
/// application/octet-stream, none) leave it to the bytes. One JSON value is told from JSON lines by
/// what follows it, or by being larger than 64 KiB.
std::optional<Framing> detect(std::string_view content_type, std::string_view bytes, bool last);

/// The same where everything but an envelope is raw text: Framing::event_stream or Framing::plain.
std::optional<Framing> detect_envelope(std::string_view content_type, std::string_view bytes,
                                       bool last);

/// A decoder for that framing; event streams with explain_any_exception.
std::unique_ptr<Decoder> make_decoder(Framing framing,
                                      std::size_t max_frame_bytes = std::size_t{64} << 20U);

}  // namespace ek::wire

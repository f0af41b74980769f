// Turns the body of a streamed answer into chat events, without any network: for recorded streams,
// for gateways with a transport of their own, and for tests. The library's own calls run through
// it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "endpointkit/chat.hpp"
#include "endpointkit/error.hpp"
#include "endpointkit/export.hpp"

namespace ek {

/// How frames are told apart in a body.
enum class Wire {
  detect,        ///< By content type, else by the first bytes.
  sse,           ///< text/event-stream (WHATWG HTML §9.2)
  ndjson,        ///< one JSON value a line
  json_array,    ///< one JSON array, its elements as they come
  json,          ///< one JSON value: an unstreamed answer
  event_stream,  ///< application/vnd.amazon.eventstream around one of the others
};
EK_API std::string_view to_string(Wire wire) noexcept;
/// "sse", "ndjson", "json-array", "json", "eventstream", "auto". None for other names.
EK_API std::optional<Wire> parse_wire(std::string_view name) noexcept;

struct DecoderOptions {
  Wire wire = Wire::detect;
  std::string_view dialect = "auto";  ///< "openai", "gemini", "tgi", "raw" or "auto".
  std::string_view content_type{};    ///< Of the response; helps to detect.
  std::size_t max_frame_bytes = 64u << 20;
};

/// Bytes in, events out; the result does not depend on where the bytes are cut. One thread at a
/// time.
class EK_API ChatDecoder {
 public:
  /// Errors: invalid_request if the dialect is unknown.
  static Result<ChatDecoder> create(const DecoderOptions& options);
  ChatDecoder(ChatDecoder&&) noexcept;
  ChatDecoder& operator=(ChatDecoder&&) noexcept;
  ~ChatDecoder();

  /// Adds bytes; `last` says that the body ended properly after them.
  void append(std::string_view bytes, bool last = false);
  /// The next event, or none: more bytes are needed, or, after the last, the stream is over. A
  /// whole answer ends with Finished; after `last` a stream without its end gives the error
  /// `truncated`.
  Result<std::optional<ChatEvent>> next();
  /// Names of the answer as far as known.
  [[nodiscard]] const ChatReply& reply() const noexcept;
  /// What was detected or given.
  [[nodiscard]] Wire wire() const noexcept;
  [[nodiscard]] std::string_view dialect() const noexcept;

  class Impl;

 private:
  explicit ChatDecoder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ek

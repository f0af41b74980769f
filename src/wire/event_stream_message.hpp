// Messages of application/vnd.amazon.eventstream: a prelude with two lengths and a checksum, typed
// headers, a payload, a checksum over all of it. Numbers are big-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/rare_error.hpp"
#include "endpointkit/error.hpp"
#include "wire/buffer.hpp"

namespace ek::wire {

/// As numbered on the wire.
enum class HeaderType : std::uint8_t {
  true_value = 0,
  false_value = 1,
  int8 = 2,
  int16 = 3,
  int32 = 4,
  int64 = 5,
  bytes = 6,
  string = 7,
  timestamp = 8,  ///< Milliseconds since 1970, in `number`.
  uuid = 9,       ///< 16 bytes, in `bytes`.
};

struct MessageHeader {
  std::string_view name{};
  HeaderType type = HeaderType::string;
  std::int64_t number = 0;   ///< Of the integers and timestamps; 1 and 0 of true and false.
  std::string_view bytes{};  ///< Of bytes, string and uuid.
  bool operator==(const MessageHeader&) const = default;
};

struct Message {
  std::vector<MessageHeader> headers{};  ///< In the order in which they came; no name twice.
  std::string_view payload{};
  bool new_headers = true;  ///< False if they are those of the message before.

  /// The text of the string header of that name, if there is one.
  [[nodiscard]] std::optional<std::string_view> text(std::string_view name) const noexcept;
};

/// What no message may exceed, whatever its prelude says.
inline constexpr std::size_t max_message_headers_bytes = std::size_t{128} << 10U;
inline constexpr std::size_t max_message_payload_bytes = std::size_t{24} << 20U;
inline constexpr std::size_t max_message_header_count = 1024;
inline constexpr std::size_t max_message_header_value_bytes = 32767;

/// One message as bytes, for emulators and tests.
/// Errors: invalid_request if a name is empty or longer than 255 bytes or comes twice, a value does
/// not fit its type, or one of the limits above is exceeded.
Result<std::string> encode_message(std::span<const MessageHeader> headers,
                                   std::string_view payload);

/// Bytes in, messages out. Both checksums are checked; lengths count only once the prelude's is
/// right.
class MessageDecoder {
 public:
  /// `max_payload_bytes` lowers the limit of the format.
  explicit MessageDecoder(std::size_t max_payload_bytes = max_message_payload_bytes);
  MessageDecoder(const MessageDecoder&) = delete;
  MessageDecoder& operator=(const MessageDecoder&) = delete;

  void append(std::string_view bytes, bool last);
  /// The next message; null if more bytes are needed or, after the last, nothing is left.
  /// Errors: server_error/decode, truncated/stream; then the same again.
  /// Lifetime: until the next call.
  Result<const Message*> next();
  /// JSON text where the next message must begin, as far as it has come; '{' would be the length of
  /// a message of 2 GiB. Empty if there is none. Before next().
  [[nodiscard]] std::string_view text_ahead();
  /// append() was told that nothing comes any more.
  [[nodiscard]] bool last() const noexcept { return last_; }

 private:
  Result<const Message*> decode();
  Result<void> check_prelude(std::string_view prelude);
  Result<void> set_headers(std::string_view block);
  [[nodiscard]] Error wrong_sum(std::uint32_t told, std::uint32_t sum) const;

  Buffer buffer_;
  std::string headers_;  // the block that message_.headers are views into
  Message message_;
  std::size_t max_payload_bytes_;
  std::size_t total_bytes_ = 0;    // of the message under way; 0 until its prelude was checked
  std::size_t headers_bytes_ = 0;  // of the message under way
  std::uint32_t lengths_sum_ = 0;  // of the message under way: what its checksum goes on from
  std::size_t given_bytes_ = 0;    // of the message handed out last
  std::size_t count_ = 0;
  bool last_ = false;
  RareError error_;
};

}  // namespace ek::wire

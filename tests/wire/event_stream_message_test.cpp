#include "wire/event_stream_message.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/crc32.hpp"
#include "base/text.hpp"

namespace ek::wire {
namespace {

std::string be32(std::size_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 255U);
  return out;
}

// A message of any lengths with right checksums, for what encode_message refuses to write.
std::string forge(std::string_view headers, std::string_view payload, std::size_t total,
                  std::size_t headers_bytes) {
  std::string out = be32(total) + be32(headers_bytes);
  out += be32(crc32(out));
  out.append(headers).append(payload);
  return out + be32(crc32(out));
}
std::string forge(std::string_view headers, std::string_view payload = "") {
  return forge(headers, payload, 16 + headers.size() + payload.size(), headers.size());
}

std::string encoded(const std::vector<MessageHeader>& headers, std::string_view payload) {
  const auto bytes = encode_message(headers, payload);
  EXPECT_TRUE(bytes);
  return *bytes;
}

// Payloads, then the error: what comes out when `bytes` go in by pieces of `size`.
std::string decoded(std::string_view bytes, std::size_t size,
                    std::size_t max = max_message_payload_bytes) {
  MessageDecoder decoder(max);
  std::string out;
  for (std::size_t at = 0;; at += size) {
    const bool last = at >= bytes.size();
    decoder.append(last ? std::string_view() : bytes.substr(at, size), last);
    while (true) {
      const auto message = decoder.next();
      if (!message) {
        EXPECT_EQ(decoder.next().error(), message.error());
        return out + "! " + std::string(to_string(message.error().code)) + ": " +
               message.error().message;
      }
      if (*message == nullptr) break;
      out += std::string((*message)->payload) + ";";
    }
    if (last) return out;
  }
}

TEST(MessageDecoder, ReadsWhatOtherEncodersWrote) {
  const struct {
    std::string_view hex;
    std::vector<MessageHeader> headers;
    std::string_view payload;
  } cases[] = {
      {"000000100000000005c248eb7d98c8ff", {}, ""},
      {"0000007100000059b327ff460b3a6576656e742d7479706507000b5061796c6f6164506172740d3a636f6e74656"
       "e742d"
       "747970650700186170706c69636174696f6e2f6f637465742d73747265616d0d3a6d6573736167652d747970650"
       "70005"
       "6576656e747b2278223a317d0a0d4fc562",
       {{":event-type", HeaderType::string, 0, "PayloadPart"},
        {":content-type", HeaderType::string, 0, "application/octet-stream"},
        {":message-type", HeaderType::string, 0, "event"}},
       "{\"x\":1}\n"},
  };
  for (const auto& c : cases) {
    const std::string bytes = *from_hex(c.hex);
    MessageDecoder decoder;
    decoder.append(bytes, true);
    const auto message = decoder.next();
    ASSERT_TRUE(message && *message != nullptr);
    EXPECT_EQ((*message)->headers, c.headers);
    EXPECT_EQ((*message)->payload, c.payload);
    EXPECT_EQ(to_hex(encoded(c.headers, c.payload)), c.hex);
  }
}

TEST(MessageDecoder, ReadsBackEveryTypeOfHeader) {
  using Limits64 = std::numeric_limits<std::int64_t>;
  const std::string longest(max_message_header_value_bytes, 'v');
  const std::string name(255, 'n');
  const std::vector<MessageHeader> headers{
      {"t", HeaderType::true_value, 1, ""},
      {"f", HeaderType::false_value, 0, ""},
      {"i8", HeaderType::int8, -128, ""},
      {"i16", HeaderType::int16, 32767, ""},
      {"i32", HeaderType::int32, -2147483648, ""},
      {"i64", HeaderType::int64, Limits64::min(), ""},
      {"bytes", HeaderType::bytes, 0, std::string_view("\0\xFF", 2)},
      {"none", HeaderType::bytes, 0, ""},
      {"string", HeaderType::string, 0, longest},
      {"time", HeaderType::timestamp, Limits64::max(), ""},
      {"uuid", HeaderType::uuid, 0, "0123456789abcdef"},
      {name, HeaderType::string, 0, "日本"},
  };
  const std::string bytes = encoded(headers, std::string_view("\0payload", 8));
  MessageDecoder decoder;
  decoder.append(bytes, true);
  const auto message = decoder.next();
  ASSERT_TRUE(message && *message != nullptr);
  EXPECT_EQ((*message)->headers, headers);
  EXPECT_EQ((*message)->payload, std::string_view("\0payload", 8));
  EXPECT_EQ((*message)->text(name), "日本");
  EXPECT_EQ((*message)->text("bytes"), std::nullopt);
  EXPECT_EQ((*message)->text("absent"), std::nullopt);
}

TEST(MessageDecoder, GivesTheSameWhereverTheBytesAreCut) {
  const std::vector<MessageHeader> headers{{"name", HeaderType::string, 0, "value"}};
  const std::string bytes = encoded(headers, "one") + encoded({}, "") + encoded(headers, "three");
  std::string broken = bytes;
  broken[broken.size() - 6] ^= 1;
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    EXPECT_EQ(decoded(bytes, size), "one;;three;");
    EXPECT_EQ(decoded(broken, size), decoded(broken, broken.size()));
    EXPECT_EQ(
        decoded(bytes.substr(0, bytes.size() - 1), size),
        "one;;! truncated: the body ended inside event-stream message 3: the answer is not whole");
  }
}

TEST(MessageDecoder, SaysWhatIsWrongWithAMessage) {
  const std::string good = encoded({{"name", HeaderType::string, 0, "value"}}, "payload");
  const auto flipped = [&](std::size_t at) {
    std::string bytes = good;
    bytes[at] ^= 1;
    return bytes;
  };
  std::string too_many;
  for (std::size_t i = 0; i <= max_message_header_count; ++i) {
    too_many += std::string("\x03") + static_cast<char>('a' + i / 676) +
                static_cast<char>('a' + i / 26 % 26) + static_cast<char>('a' + i % 26) + '\0';
  }
  const std::string type_name(
      "\x01"
      "a",
      2);
  const struct {
    std::string_view name;
    std::string bytes;
    std::string_view message;
  } cases[] = {
      {"total length", flipped(3), "checksum of message 1's prelude"},
      {"headers length", flipped(7), "checksum of message 1's prelude"},
      {"prelude checksum", flipped(11), "checksum of message 1's prelude"},
      {"headers", flipped(14), "its checksum is"},
      {"payload", flipped(good.size() - 5), "its checksum is"},
      {"message checksum", flipped(good.size() - 1), "its checksum is"},
      {"JSON body", "{\"message\":\"no such endpoint\"}", "found \"{\"message\":\"\" (the"},
      {"total below the framing", forge("", "", 15, 0),
       "0 bytes of headers do not fit a message of 15"},
      {"more headers than message", forge("", "", 16, 1),
       "1 bytes of headers do not fit a message of 16"},
      {"headers too large", forge("", "", 200'000, 131'073),
       "131073 bytes of headers exceeds 131072"},
      {"payload too large", forge("", "", 25'165'841, 0),
       "a payload of 25165825 bytes exceeds 25165824"},
      {"empty name", forge(std::string("\0\0", 2)), "a header without a name"},
      {"cut name",
       forge("\x09"
             "abc"),
       "a header's name that its block cuts short"},
      {"no type", forge(type_name), "a header's name that its block cuts short"},
      {"unknown type", forge(type_name + "\x0A"), "header type 10 (0 to 9 exist)"},
      {"cut number",
       forge(type_name + "\x04"
                         "123"),
       "a header's number that its block cuts short"},
      {"cut length",
       forge(type_name + "\x07"
                         "1"),
       "a header's length that its block cuts short"},
      {"cut value", forge(type_name + std::string("\x07\0\x05", 3) + "1234"),
       "a header's value that its block cuts short"},
      {"cut uuid",
       forge(type_name + "\x09"
                         "0123456789abcde"),
       "a header's value that its block cuts short"},
      {"value too large", forge(type_name + std::string("\x06\x80\0", 3) + std::string(32768, 'x')),
       "a header value of 32768 bytes (at most 32767)"},
      {"same name twice", forge(type_name + std::string(1, '\0') + type_name + "\x01"),
       "the header \"a\" twice"},
      {"too many", forge(too_many), "more than 1024 headers"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string outcome = decoded(encoded({}, "first") + c.bytes, 7);
    const std::string again = decoded(c.bytes, c.bytes.size());
    EXPECT_TRUE(outcome.starts_with("first;! server_error: ")) << outcome.substr(0, 200);
    EXPECT_NE(again.find(c.message), std::string::npos) << again.substr(0, 300);
  }
}

TEST(MessageDecoder, TakesALowerLimitOfThePayload) {
  EXPECT_EQ(decoded(encoded({}, "12345678"), 3, 8), "12345678;");
  EXPECT_NE(decoded(encoded({}, "123456789"), 3, 8).find("9 bytes exceeds 8"), std::string::npos);
}

TEST(EncodeMessage, RefusesWhatNoDecoderMayAccept) {
  const std::string long_name(256, 'n');
  const std::string long_value(max_message_header_value_bytes + 1, 'v');
  const struct {
    std::string_view name;
    std::vector<MessageHeader> headers;
  } cases[] = {
      {"no name", {{"", HeaderType::string, 0, "x"}}},
      {"long name", {{long_name, HeaderType::string, 0, "x"}}},
      {"long value", {{"a", HeaderType::bytes, 0, long_value}}},
      {"number", {{"a", HeaderType::int8, 128, ""}}},
      {"uuid", {{"a", HeaderType::uuid, 0, "short"}}},
      {"twice", {{"a", HeaderType::string, 0, "x"}, {"a", HeaderType::int8, 1, ""}}},
  };
  for (const auto& c : cases) {
    const auto result = encode_message(c.headers, "");
    EXPECT_TRUE(!result && result.error().code == ErrorCode::invalid_request) << c.name;
  }
  EXPECT_FALSE(encode_message({}, std::string(max_message_payload_bytes + 1, 'x')));
}

}  // namespace
}  // namespace ek::wire

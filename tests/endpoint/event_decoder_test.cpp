#include "endpoint/event_decoder.hpp"

#include <gtest/gtest.h>

#include "wire/event_stream_message.hpp"

namespace ek {
namespace {

constexpr std::string_view kAnswer =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" you\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: [DONE]\n\n";

std::string wrapped(std::string_view body, std::size_t piece_bytes) {
  std::string out;
  for (std::size_t at = 0; at < body.size(); at += piece_bytes) {
    const wire::MessageHeader headers[] = {{.name = ":message-type", .bytes = "event"},
                                           {.name = ":event-type", .bytes = "PayloadPart"}};
    out += wire::encode_message(headers, body.substr(at, piece_bytes)).value();
  }
  return out;
}

EventDecoder decoder_in_envelope() {
  return {{.content_type = "text/event-stream"},
          dialect::find("openai"),
          wire::make_decoder(wire::Framing::event_stream)};
}

TEST(EventDecoder, ReadsWhatTheEnvelopeOfACloudHoldsAtEveryChunkSize) {
  const std::string body = wrapped(kAnswer, 7);
  for (std::size_t chunk = 1; chunk < 64; ++chunk) {
    EventDecoder decoder = decoder_in_envelope();
    bool finished = false;
    for (std::size_t at = 0; at < body.size(); at += chunk) {
      decoder.append(std::string_view(body).substr(at, chunk), at + chunk >= body.size());
      while (decoder.peek() != nullptr) finished = decoder.take().get_if<Finished>() != nullptr;
    }
    EXPECT_TRUE(finished) << chunk;
    EXPECT_EQ(decoder.error(), nullptr) << chunk;
    EXPECT_EQ(decoder.reply().text(), "Hello you") << chunk;
  }
}

TEST(EventDecoder, ShowsAnEventUntilItIsTaken) {
  EventDecoder decoder = decoder_in_envelope();
  decoder.append(wrapped(kAnswer, 1000), true);
  ASSERT_NE(decoder.peek(), nullptr);
  EXPECT_EQ(decoder.peek()->text(), "Hello");
  EXPECT_EQ(decoder.reply().text(), "");
  EXPECT_EQ(decoder.take().text(), "Hello");
  EXPECT_EQ(decoder.reply().text(), "Hello");
}

TEST(EventDecoder, TellsAWebPageFromAnotherDialect) {
  EventDecoder decoder({.content_type = "text/html"}, dialect::find("openai"), nullptr);
  decoder.append("<html>\n<body>Sign in</body></html>", true);
  EXPECT_EQ(decoder.peek(), nullptr);
  ASSERT_NE(decoder.error(), nullptr);
  EXPECT_NE(decoder.error()->message.find("got a web page"), std::string::npos);
  EXPECT_EQ(decoder.error()->message.find("dialect"), std::string::npos);
}

}  // namespace
}  // namespace ek

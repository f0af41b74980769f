#include <algorithm>
#include <string>

#include "fuzz/fuzz.hpp"
#include "wire/event_stream.hpp"
#include "wire/ndjson.hpp"
#include "wire/nested.hpp"
#include "wire/sse.hpp"

namespace {

// The input as payloads of 1 to 16 bytes, so that borders fall everywhere in the inner framing.
std::string in_messages(std::string_view sizes, std::string_view body) {
  const ek::wire::MessageHeader headers[] = {
      {":message-type", ek::wire::HeaderType::string, 0, "event"},
      {":event-type", ek::wire::HeaderType::string, 0, "chunk"}};
  std::string out(sizes);
  for (std::size_t turn = 0; !body.empty(); ++turn) {
    const std::size_t wanted = static_cast<unsigned char>(sizes[turn % sizes.size()]) % 16U + 1;
    const std::string_view payload = body.substr(0, wanted);
    body.remove_prefix(payload.size());
    out += *ek::wire::encode_message(headers, payload);
  }
  return out;
}

template <class Inner>
std::unique_ptr<ek::wire::Decoder> in_event_stream() {
  return std::make_unique<ek::wire::NestedDecoder>(std::make_unique<ek::wire::EventStreamDecoder>(),
                                                   std::make_unique<Inner>());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias any bytes.
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  if (input.size() < 4) return 0;
  const std::string body = in_messages(input.substr(0, 4), input.substr(4));
  ek::fuzz::check_cuts(body, in_event_stream<ek::wire::SseDecoder>);
  ek::fuzz::check_cuts(body, in_event_stream<ek::wire::NdjsonDecoder>);
  return 0;
}

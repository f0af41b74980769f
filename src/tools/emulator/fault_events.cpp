// Faults inside a stream: one event of it is spoilt, repeated, or the last that comes.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/emulator/fault_kinds.hpp"
#include "tools/emulator/json_reader.hpp"
#include "tools/emulator/proofs.hpp"

namespace ek::emulator {
namespace {

using Chunk = BodySource::Chunk;
using State = Chunk::State;
using nlohmann::ordered_json;

constexpr std::string_view event_stream = "application/vnd.amazon.eventstream";
constexpr std::string_view sse = "text/event-stream";

constexpr std::string_view told = "the model's server failed in the middle, as ordered";

// Length of the message at the front: its first four bytes, big-endian.
std::size_t message_size(std::string_view bytes) {
  if (bytes.size() < 4) return 0;
  std::size_t size = 0;
  for (const char c : bytes.substr(0, 4)) size = size << 8U | static_cast<unsigned char>(c);
  return size <= bytes.size() ? size : 0;
}

// An event ends with an empty line.
std::size_t sse_size(std::string_view bytes) {
  for (const std::string_view end : {"\n\n", "\r\n\r\n"}) {
    if (const auto at = bytes.find(end); at != std::string_view::npos) return at + end.size();
  }
  return 0;
}

/// Length of the event at the front, 0 if it has not all come.
using EventSize = std::size_t (*)(std::string_view bytes);

/// What becomes of an event, which is number `count` from 1.
struct Fate {
  std::string bytes{};
  bool last = false;  ///< The body ends after it.
};
using Decide = std::function<Fate(std::string event, long count)>;

/// Takes a body apart into events and hands out what becomes of each.
class Events {
 public:
  Events(EventSize size, Decide decide) : size_(size), decide_(std::move(decide)) {}

  Chunk operator()(BodySource& from) {
    if (ended_) return {.state = State::end};
    const std::size_t size = size_(kept_);
    if (size == 0) {
      Chunk chunk = from.next();
      kept_ += chunk.bytes;
      chunk.bytes.clear();
      return chunk.state == State::more ? Chunk{} : chunk;
    }
    std::string event = kept_.substr(0, size);
    kept_.erase(0, size);
    Fate fate = decide_(std::move(event), ++count_);
    ended_ = fate.last;
    return {.bytes = std::move(fate.bytes)};
  }

 private:
  EventSize size_;
  Decide decide_;
  std::string kept_;
  long count_ = 0;
  bool ended_ = false;
};

Result<Reply> with_events(const FaultScene& scene, Reply reply, Decide decide) {
  if (reply.status != 200) return reply;
  const bool messages = reply.content_type == event_stream;
  if (!reply.stream || (!messages && !reply.content_type.starts_with(sse))) {
    return Error{.code = ErrorCode::invalid_request,
                 .message = fmt::format("the fault {} needs a stream of events; this answer is {}",
                                        scene.fault.kind->name, reply.content_type)};
  }
  reply.stream = std::make_unique<ChangedBody>(
      std::move(reply.stream), Events(messages ? message_size : sse_size, std::move(decide)));
  return reply;
}

Result<Reply> end_with(const FaultScene& scene, Reply reply, std::string last) {
  return with_events(scene, std::move(reply),
                     [after = scene.fault.number("after", 1), last = std::move(last)](
                         std::string event, long count) -> Fate {
                       if (count <= after) return {.bytes = std::move(event)};
                       return {.bytes = last, .last = true};
                     });
}

std::string openai_error() {
  return to_text(
      ordered_json{{"error", {{"message", told}, {"type", "server_error"}, {"code", 503}}}});
}

std::string error_event(const FaultScene& scene, const Reply& reply) {
  if (reply.content_type == event_stream) {
    const ordered_json body = {{"Message", told}, {"ErrorCode", "StreamBroken"}};
    return aws_exception_message("ModelStreamError", to_text(body));
  }
  if (scene.cloud != "vertex") return "data: " + openai_error() + "\n\n";
  const ordered_json body = ordered_json::parse(google_error(503, "UNAVAILABLE", told).body);
  return "data: " + to_text(body) + "\r\n\r\n";
}

}  // namespace

Result<Reply> spoil_checksum(const FaultScene& scene) {
  Reply reply = scene.answer();
  if (reply.status == 200 && reply.content_type != event_stream) {
    return Error{.code = ErrorCode::invalid_request,
                 .message = fmt::format("the fault wrong-crc needs an AWS event stream; this "
                                        "answer is {}",
                                        reply.content_type)};
  }
  return with_events(
      scene, std::move(reply),
      [spoilt = scene.fault.number("event", 1)](std::string event, long count) -> Fate {
        if (count == spoilt)
          event.back() = static_cast<char>(static_cast<unsigned char>(event.back()) ^ 1U);
        return {.bytes = std::move(event)};
      });
}

Result<Reply> repeat_event(const FaultScene& scene) {
  return with_events(
      scene, scene.answer(),
      [twice = scene.fault.number("event", 1)](std::string event, long count) -> Fate {
        return {.bytes = count == twice ? event + event : std::move(event)};
      });
}

Result<Reply> end_with_error(const FaultScene& scene) {
  Reply reply = scene.answer();
  std::string event = error_event(scene, reply);
  return end_with(scene, std::move(reply), std::move(event));
}

Result<Reply> end_unframed(const FaultScene& scene) {
  return end_with(scene, scene.answer(), openai_error());
}

}  // namespace ek::emulator

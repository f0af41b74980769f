// The sse suite: what an EventSource makes of a stream, whole and byte by byte.
#include "wire/sse.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "conformance/suite.hpp"

namespace ek::conformance {
namespace {

using nlohmann::json;

// By value: a loop over a member of a temporary outlives it.
json cases_of(const std::filesystem::path& file) { return read_json(file).at("cases"); }

std::vector<std::string> chunks_of(const json& test) {
  std::vector<std::string> chunks;
  for (const json& chunk : test.at("chunks")) {
    std::string text;
    if (chunk.contains("hex")) {
      text = from_hex(chunk["hex"].get<std::string>()).value();
    } else if (chunk.contains("repeat_text")) {
      for (int i = 0; i < chunk.at("count").get<int>(); ++i)
        text += chunk["repeat_text"].get<std::string>();
    } else {
      text = chunk.at("text").get<std::string>();
    }
    chunks.push_back(std::move(text));
  }
  return chunks;
}

std::vector<std::string> cut(const std::vector<std::string>& chunks, std::size_t size) {
  std::string all;
  for (const std::string& chunk : chunks) all += chunk;
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < all.size(); at += size) pieces.push_back(all.substr(at, size));
  return pieces;
}

// What a strict client saw. Unframed text is no event: the standard has no word for it.
struct Seen {
  json events = json::array();
  json comments = json::array();
  json retry_ms = nullptr;
  std::string error;
};

void drain(wire::SseDecoder& decoder, Seen& seen) {
  while (true) {
    const auto frame = decoder.next();
    if (!frame) seen.error = frame.error().message;
    if (!frame || !*frame) return;
    if ((*frame)->heartbeat) {
      seen.comments.push_back(decoder.comment());
    } else if (!(*frame)->unframed) {
      const std::string_view type = (*frame)->type;
      seen.events.push_back({{"type", type.empty() ? "message" : type},
                             {"data", (*frame)->data},
                             {"last_event_id", decoder.last_event_id()}});
    }
  }
}

Seen decode(const std::vector<std::string>& pieces) {
  wire::SseDecoder decoder({.keep_unterminated = false});
  Seen seen;
  for (const std::string& piece : pieces) {
    decoder.append(piece, false);
    drain(decoder, seen);
  }
  decoder.append({}, true);
  drain(decoder, seen);
  if (decoder.retry()) seen.retry_ms = decoder.retry()->count();
  return seen;
}

// What differs from the expectation, or "".
std::string difference(const json& test, const Seen& seen) {
  if (!seen.error.empty()) return seen.error;
  if (seen.events != test.at("events")) return "events " + seen.events.dump();
  if (test.contains("comments") && seen.comments != test["comments"])
    return "comments " + seen.comments.dump();
  // Absent where the source's author did not look at it.
  if (test.contains("retry_ms") && seen.retry_ms != test["retry_ms"])
    return "retry " + seen.retry_ms.dump();
  return {};
}

void run(const std::filesystem::path& folder, Report& report) {
  for (const json& test : cases_of(folder / "cases.json")) {
    const std::string id = test.at("id");
    const auto chunks = chunks_of(test);
    std::string wrong = difference(test, decode(chunks));
    for (const std::size_t size : {1, 2, 3, 7, 1 << 20}) {
      if (!wrong.empty()) break;
      wrong = difference(test, decode(cut(chunks, size)));
      if (!wrong.empty()) wrong = fmt::format("in pieces of {}: {}", size, wrong);
    }
    wrong.empty() ? report.pass(id) : report.fail(id, wrong);
  }
}

}  // namespace

std::vector<Suite> sse_suites() { return {{"sse", run}}; }

}  // namespace ek::conformance

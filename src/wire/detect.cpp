#include "wire/detect.hpp"

#include <array>
#include <string>

#include "base/crc32.hpp"
#include "base/text.hpp"
#include "wire/event_stream.hpp"
#include "wire/json_array.hpp"
#include "wire/json_scan.hpp"
#include "wire/ndjson.hpp"
#include "wire/plain_text.hpp"
#include "wire/sse.hpp"
#include "wire/whole_body.hpp"

namespace ek::wire {
namespace {

constexpr std::size_t largest_line_bytes = 64 * 1024;

std::string bare_type(std::string_view content_type) {
  return to_lower(trim(content_type.substr(0, content_type.find(';'))));
}

std::optional<Framing> by_content_type(std::string_view type) noexcept {
  if (type == "text/event-stream") return Framing::sse;
  if (type == "application/vnd.amazon.eventstream") return Framing::event_stream;
  constexpr std::array<std::string_view, 6> lines{
      "application/x-ndjson", "application/ndjson",    "application/jsonl",
      "application/x-jsonl",  "application/jsonlines", "application/x-jsonlines"};
  for (const std::string_view name : lines) {
    if (type == name) return Framing::ndjson;
  }
  return std::nullopt;
}

bool is_json_type(std::string_view type) noexcept {
  return type == "application/json" || type.ends_with("+json");
}

// Answers yes, no, or none: `text` is too short to tell.
std::optional<bool> begins_sse(std::string_view text, bool last) noexcept {
  constexpr std::array<std::string_view, 6> fields{
      ":", "data:", "event:", "id:", "retry:", "error:"};
  for (const std::string_view field : fields) {
    if (text.starts_with(field)) return true;
  }
  for (const std::string_view field : fields) {
    if (!last && field.starts_with(text)) return std::nullopt;
  }
  return false;
}

// An object: alone, it is the whole answer; with more behind it, the first line of many.
std::optional<Framing> object_or_lines(std::string_view text, bool last) noexcept {
  const std::size_t end = JsonScan().feed(text.substr(0, largest_line_bytes));
  if (end == JsonScan::npos) {
    if (last || text.size() >= largest_line_bytes) return Framing::json;
    return std::nullopt;
  }
  if (!trim(text.substr(end)).empty()) return Framing::ndjson;
  if (last) return Framing::json;
  return std::nullopt;
}

// "[INST] text" is no array.
std::optional<Framing> array_or_text(std::string_view text, bool last) noexcept {
  const std::string_view inside = trim(text.substr(1));
  if (inside.empty()) return last ? std::optional(Framing::plain) : std::nullopt;
  constexpr std::string_view value_starts = "{[\"-0123456789]tfn";
  return value_starts.find(inside.front()) != std::string_view::npos ? Framing::json_array
                                                                     : Framing::plain;
}

// The prelude of an event-stream message begins with a length below 32 MiB, which no text does.
bool begins_message(std::string_view bytes) noexcept {
  return !bytes.empty() && (bytes.front() == 0 || bytes.front() == 1);
}

std::optional<Framing> message_or_text(std::string_view bytes, bool last) noexcept {
  if (bytes.size() < 12) return last ? std::optional(Framing::plain) : std::nullopt;
  std::uint32_t sum = 0;
  for (const char c : bytes.substr(8, 4)) sum = sum << 8U | static_cast<unsigned char>(c);
  return crc32(bytes.substr(0, 8)) == sum ? Framing::event_stream : Framing::plain;
}

}  // namespace

std::optional<Framing> detect(std::string_view content_type, std::string_view bytes, bool last) {
  const std::string type = bare_type(content_type);
  if (const auto named = by_content_type(type)) return named;
  const Framing otherwise = is_json_type(type) ? Framing::json : Framing::plain;
  constexpr std::string_view bom = "\xEF\xBB\xBF";
  if (bytes.size() < bom.size() && bom.starts_with(bytes) && !last) return std::nullopt;
  if (bytes.starts_with(bom)) bytes.remove_prefix(bom.size());
  const auto first = bytes.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return last ? std::optional(otherwise) : std::nullopt;
  const std::string_view text = bytes.substr(first);
  if (begins_message(bytes)) return message_or_text(bytes, last);
  if (text.front() == '{') return object_or_lines(text, last);
  if (text.front() == '[') return array_or_text(text, last);
  const auto sse = begins_sse(text, last);
  if (!sse) return std::nullopt;
  return *sse ? Framing::sse : otherwise;
}

std::optional<Framing> detect_envelope(std::string_view content_type, std::string_view bytes,
                                       bool last) {
  if (by_content_type(bare_type(content_type)) == Framing::event_stream)
    return Framing::event_stream;
  if (begins_message(bytes)) return message_or_text(bytes, last);
  return bytes.empty() && !last ? std::nullopt : std::optional(Framing::plain);
}

std::unique_ptr<Decoder> make_decoder(Framing framing, std::size_t max_frame_bytes) {
  switch (framing) {
    case Framing::sse:
      return std::make_unique<SseDecoder>(SseOptions{.max_frame_bytes = max_frame_bytes});
    case Framing::ndjson:
      return std::make_unique<NdjsonDecoder>(max_frame_bytes);
    case Framing::json_array:
      return std::make_unique<JsonArrayDecoder>(max_frame_bytes);
    case Framing::json:
      return std::make_unique<WholeBodyDecoder>(max_frame_bytes);
    case Framing::event_stream:
      return std::make_unique<EventStreamDecoder>(explain_any_exception, max_frame_bytes);
    case Framing::plain:
      break;
  }
  return std::make_unique<PlainTextDecoder>();
}

}  // namespace ek::wire

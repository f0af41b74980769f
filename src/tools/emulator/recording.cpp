#include "tools/emulator/recording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "tools/emulator/json_reader.hpp"

namespace ek::emulator {
namespace {

using nlohmann::ordered_json;
using State = BodySource::Chunk::State;

constexpr std::pair<State, std::string_view> ends[] = {
    {State::end, "end"}, {State::cut, "cut"}, {State::reset, "reset"}, {State::goaway, "goaway"}};

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void put_bytes(ordered_json& object, std::string_view bytes) {
  if (is_utf8(bytes)) {
    object["text"] = bytes;
  } else {
    object["base64"] = base64_encode(bytes);
  }
}

Result<std::string> bytes_in(const ordered_json& object) {
  if (object.contains("text")) return text_in(object, "text");
  auto bytes = base64_decode(text_in(object, "base64"));
  if (!bytes) return bad_body("base64 is expected to be base64");
  return *std::move(bytes);
}

ordered_json header_list(const std::vector<Header>& headers) {
  ordered_json list = ordered_json::array();
  for (const Header& header : headers) list.push_back(header.name + ": " + header.value);
  return list;
}

std::vector<Header> headers_in(const ordered_json& object) {
  std::vector<Header> headers;
  for (const std::string& line : texts_in(object, "headers")) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    headers.push_back(
        {line.substr(0, colon), std::string(trim(std::string_view(line).substr(colon + 1)))});
  }
  return headers;
}

// What a client may show to everybody. Where a secret stands is for each service to choose, so all
// else is one.
bool is_public(std::string_view name) {
  constexpr std::string_view known[] = {"accept", "content-type", "content-length", "user-agent",
                                        "host"};
  const std::string lower = to_lower(name);
  return std::find(std::begin(known), std::end(known), lower) != std::end(known) ||
         lower.starts_with("x-amzn-sagemaker-") || lower.starts_with("azureml-") ||
         lower.starts_with("x-emulator-");
}

std::string public_query(std::string_view query) {
  const Form form(query);
  std::string text;
  for (const std::string_view name : {"alt", "stream"}) {
    if (const auto value = form.field(name); !value.empty())
      text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  }
  return text;
}

}  // namespace

Recording recording_of(const Request& request) {
  Recording recording{.method = request.method,
                      .path = request.path,
                      .query = public_query(request.query),
                      .request_headers = request.headers,
                      .request_body = request.body};
  for (Header& header : recording.request_headers) {
    if (!is_public(header.name)) header.value = "***";
  }
  return recording;
}

std::string recording_to_json(const Recording& recording) {
  ordered_json request = {{"method", recording.method},
                          {"path", recording.path},
                          {"query", recording.query},
                          {"headers", header_list(recording.request_headers)}};
  put_bytes(request, recording.request_body);
  ordered_json pieces = ordered_json::array();
  for (const Recording::Piece& piece : recording.pieces) {
    ordered_json one = {{"after_ms", piece.after.count()}};
    put_bytes(one, piece.bytes);
    pieces.push_back(std::move(one));
  }
  const auto* end = std::find_if(std::begin(ends), std::end(ends),
                                 [&](const auto& one) { return one.first == recording.end; });
  const ordered_json json = {{"request", std::move(request)},
                             {"answer",
                              {{"status", recording.status},
                               {"content_type", recording.content_type},
                               {"headers", header_list(recording.headers)},
                               {"chunked", recording.chunked},
                               {"pieces", std::move(pieces)},
                               {"end", end == std::end(ends) ? "cut" : end->second}}}};
  return to_text(json, 2) + "\n";
}

Result<Recording> parse_recording(std::string_view text) {
  const ordered_json json = parse_json<ordered_json>(text);
  if (!json.is_object() || !json.contains("request") || !json.contains("answer"))
    return bad_body("expected an object with request and answer");
  const ordered_json &request = json["request"], &answer = json["answer"];
  if (!request.is_object() || !answer.is_object() || !answer.contains("pieces") ||
      !answer["pieces"].is_array()) {
    return bad_body("expected a request, and an answer with pieces");
  }
  auto body = bytes_in(request);
  if (!body) return body.error();
  Recording recording{.method = text_in(request, "method"),
                      .path = text_in(request, "path"),
                      .query = text_in(request, "query"),
                      .request_headers = headers_in(request),
                      .request_body = *std::move(body),
                      .status = static_cast<int>(integer_in(answer, "status", 200)),
                      .content_type = text_in(answer, "content_type"),
                      .headers = headers_in(answer),
                      .chunked = answer.value("chunked", ordered_json()) == true};
  for (const ordered_json& piece : answer["pieces"]) {
    if (!piece.is_object()) return bad_body("expected pieces to be objects");
    auto bytes = bytes_in(piece);
    if (!bytes) return bytes.error();
    recording.pieces.push_back(
        {std::chrono::milliseconds(integer_in(piece, "after_ms", 0)), *std::move(bytes)});
  }
  for (const auto& [state, name] : ends) {
    if (text_in(answer, "end") == name) recording.end = state;
  }
  return recording;
}

}  // namespace ek::emulator

// The eventstream suite: messages of application/vnd.amazon.eventstream and what they mean.
#include "wire/event_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "conformance/suite.hpp"
#include "wire/event_stream_message.hpp"

namespace ek::conformance {
namespace {

using nlohmann::json;
using wire::HeaderType;

// By value: a loop over a member of a temporary outlives it.
json cases_of(const std::filesystem::path& file) { return read_json(file).at("cases"); }

json header_value(const wire::MessageHeader& header) {
  switch (header.type) {
    case HeaderType::true_value:
      return true;
    case HeaderType::false_value:
      return false;
    case HeaderType::string:
      return header.bytes;
    case HeaderType::bytes:
    case HeaderType::uuid:
      return to_hex(header.bytes);
    default:
      return header.number;
  }
}

// Headers as [name, type, value]: bytes and UUIDs in hex.
json plain(const wire::Message& message) {
  json headers = json::array();
  for (const wire::MessageHeader& header : message.headers) {
    headers.push_back({header.name, static_cast<int>(header.type), header_value(header)});
  }
  return {{"headers", headers}, {"payload", to_hex(message.payload)}};
}

struct Decoded {
  std::vector<json> messages;
  std::vector<std::size_t> sizes;  // when written again
  std::string error;
};

bool drain(wire::MessageDecoder& decoder, Decoded& out) {
  while (true) {
    const auto message = decoder.next();
    if (!message) {
      out.error = describe(message.error());
      return false;
    }
    if (*message == nullptr) return true;
    out.messages.push_back(plain(**message));
    const auto bytes = wire::encode_message((*message)->headers, (*message)->payload);
    out.sizes.push_back(bytes ? bytes->size() : 0);
  }
}

Decoded decode(const std::vector<std::string>& pieces) {
  wire::MessageDecoder decoder;
  Decoded out;
  for (const std::string& piece : pieces) {
    decoder.append(piece, false);
    if (!drain(decoder, out)) return out;
  }
  decoder.append({}, true);
  drain(decoder, out);
  return out;
}

// The one message that `bytes` should be, whole and byte by byte, and written again the same.
std::string check_message(const std::string& bytes, const json& expected) {
  std::vector<std::string> single;
  for (const char c : bytes) single.emplace_back(1, c);
  const Decoded whole = decode({bytes});
  if (!whole.error.empty()) return whole.error;
  if (whole.messages != std::vector{expected}) return "decoded " + json(whole.messages).dump();
  if (decode(single).messages != whole.messages) return "differs byte by byte";
  if (whole.sizes != std::vector{bytes.size()}) return "is written with another size";
  return {};
}

std::string check_refused(const std::string& bytes) {
  const Decoded outcome = decode({bytes});
  return outcome.error.empty() ? "was accepted as " + json(outcome.messages).dump() : "";
}

json expected_of(const json& ok) {
  json headers = json::array();
  for (const json& header : ok.at("headers")) {
    headers.push_back({header.at("name"), header.at("type"),
                       header.contains("value") ? header["value"] : header.at("value_hex")});
  }
  return {{"headers", headers}, {"payload", ok.at("payload_hex")}};
}

std::string check(const std::string& bytes, const json& expect) {
  return expect.contains("ok") ? check_message(bytes, expected_of(expect["ok"]))
                               : check_refused(bytes);
}

void note(Report& report, const std::string& name, const std::string& wrong) {
  wrong.empty() ? report.pass(name) : report.fail(name, wrong);
}

std::string assemble(const json& parts) {
  std::string bytes;
  for (const json& part : parts) {
    const bool repeated = part.contains("repeat_hex");
    const std::string unit =
        from_hex(part.at(repeated ? "repeat_hex" : "hex").get<std::string>()).value();
    for (std::size_t i = repeated ? part.at("count").get<std::size_t>() : 1; i > 0; --i)
      bytes += unit;
  }
  return bytes;
}

void run_frames(const std::filesystem::path& folder, Report& report) {
  for (const json& test : cases_of(folder / "frames.json")) {
    const std::string name = "frames/" + test.at("name").get<std::string>();
    if (name == "frames/smithy_python_invalid_payload_length") {
      // 16 MiB and a byte: above one implementation's limit, below that of the service's own.
      report.skip(name, "the limit here is 24 MiB, as in botocore and aws-c-event-stream");
      continue;
    }
    note(report, name, check(assemble(test.at("encoded")), test.at("expect")));
  }
  for (const json& test : cases_of(folder / "smithy-rs.json")) {
    const std::string file = test.at("file");
    note(report, file, check(read_file(folder / file), test.at("expect")));
  }
}

json decoded_fixture(const json& fixture) {
  json headers = json::array();
  for (const json& header : fixture.at("headers")) {
    json value = header.at("value");
    const int type = header.at("type");
    if (type == 6 || type == 7 || type == 9) {
      const std::string bytes = base64_decode(value.get<std::string>()).value();
      value = type == 7 ? bytes : to_hex(bytes);
    }
    headers.push_back({header.at("name"), type, value});
  }
  const std::string payload = base64_decode(fixture.at("payload").get<std::string>()).value();
  return {{"headers", headers}, {"payload", to_hex(payload)}};
}

void run_fixtures(const std::filesystem::path& folder, Report& report) {
  const auto files = folder / "aws-sdk" / "encoded";
  for (const auto& entry : std::filesystem::directory_iterator(files / "positive")) {
    const std::string name = entry.path().filename().string();
    const json fixture = read_json(folder / "aws-sdk" / "decoded" / "positive" / name);
    note(report, "aws-sdk/" + name,
         check_message(read_file(entry.path()), decoded_fixture(fixture)));
  }
  for (const auto& entry : std::filesystem::directory_iterator(files / "negative")) {
    note(report, "aws-sdk/" + entry.path().filename().string(),
         check_refused(read_file(entry.path())));
  }
}

// Milliseconds of "2024-10-31T14:15:14Z".
std::int64_t parse_time(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (std::sscanf(text.c_str(), "%d-%u-%uT%d:%d:%dZ", &year, &month, &day, &hour, &minute,
                  &second) != 6) {
    throw std::runtime_error("no time: " + text);
  }
  using namespace std::chrono;
  const sys_days date = std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
  return duration_cast<milliseconds>(date.time_since_epoch() + hours(hour) + minutes(minute) +
                                     seconds(second))
      .count();
}

json smithy_header(const std::string& name, const json& typed) {
  const std::string type = typed.begin().key();
  const json& value = typed.begin().value();
  if (type == "boolean") return {name, value.get<bool>() ? 0 : 1, value};
  if (type == "byte") return {name, 2, value};
  if (type == "short") return {name, 3, value};
  if (type == "integer") return {name, 4, value};
  if (type == "long") return {name, 5, value};
  if (type == "blob") return {name, 6, to_hex(base64_decode(value.get<std::string>()).value())};
  if (type == "timestamp") return {name, 8, parse_time(value)};
  return {name, 7, value};
}

// The order of the headers is not the vector's to say: its headers are an object.
std::string check_smithy(const json& event) {
  const std::string bytes = base64_decode(event.at("bytes").get<std::string>()).value();
  const Decoded decoded = decode({bytes});
  if (!decoded.error.empty()) return decoded.error;
  if (decoded.messages.size() != 1) return fmt::format("{} messages", decoded.messages.size());
  json expected = json::array();
  for (const auto& [name, typed] : event.at("headers").items())
    expected.push_back(smithy_header(name, typed));
  json headers = decoded.messages[0]["headers"];
  std::sort(expected.begin(), expected.end());
  std::sort(headers.begin(), headers.end());
  if (headers != expected) return "headers " + headers.dump();
  if (event.contains("body") &&
      decoded.messages[0]["payload"] != to_hex(event["body"].get<std::string>())) {
    return "payload " + decoded.messages[0]["payload"].dump();
  }
  return {};
}

void run_smithy(const std::filesystem::path& folder, Report& report) {
  for (const json& test : cases_of(folder / "smithy-restJson1.json")) {
    const std::string name = "smithy/" + test.at("id").get<std::string>();
    if (!test.contains("events")) {
      report.skip(name, "holds no frame: it is about the HTTP request or response around them");
      continue;
    }
    std::string wrong;
    for (const json& event : test["events"]) {
      if (wrong.empty()) wrong = check_smithy(event);
    }
    note(report, name, wrong);
  }
}

// kind, type or code, and payload or message of what the envelope makes of one frame.
std::vector<std::string> read_envelope(const std::string& bytes) {
  std::vector<std::string> seen{"invalid"};
  wire::EventStreamDecoder decoder([&](std::string_view type, std::string_view payload) {
    seen = {"exception", std::string(type), std::string(payload)};
    return Error{.code = ErrorCode::model_error, .phase = Phase::stream};
  });
  decoder.append(bytes, true);
  const auto frame = decoder.next();
  if (frame && *frame) seen = {"event", std::string((*frame)->type), std::string((*frame)->data)};
  return seen;
}

void run_events(const std::filesystem::path& folder, Report& report) {
  for (const json& test : cases_of(folder / "events.json")) {
    const json& expect = test.at("expect");
    const std::string kind = expect.at("kind");
    const std::string payload = test.at("payload_utf8");
    std::vector<std::string> wanted{"invalid"};
    if (kind == "event") wanted = {"event", expect.at("type"), payload};
    if (kind == "exception") wanted = {"exception", expect.at("type"), payload};
    if (kind == "error") wanted = {"exception", expect.at("code"), expect.at("message")};
    if (kind == "initial-response") wanted = {"event", "initial-response", payload};
    const auto seen = read_envelope(from_hex(test.at("encoded_hex").get<std::string>()).value());
    note(report, "events/" + test.at("name").get<std::string>(),
         seen == wanted ? "" : fmt::format("came out as {}", json(seen).dump()));
  }
}

std::string check_cuts(const std::string& bytes, const std::vector<std::size_t>& sizes) {
  const Decoded whole = decode({bytes});
  if (!whole.error.empty() || whole.sizes != sizes)
    return "the frames are not those of the case " + whole.error;
  for (std::size_t a = 0; a <= bytes.size(); ++a) {
    for (std::size_t b = a; b <= bytes.size(); b += 1 + (bytes.size() - b) / 8) {
      const Decoded cut = decode({bytes.substr(0, a), bytes.substr(a, b - a), bytes.substr(b)});
      if (!cut.error.empty() || cut.messages != whole.messages)
        return fmt::format("differs cut at {} and {}", a, b);
    }
  }
  return {};
}

void run_framing(const std::filesystem::path& folder, Report& report) {
  for (const json& test : cases_of(folder / "framing.json")) {
    const auto sizes = test.at("frames").get<std::vector<std::size_t>>();
    std::vector<std::string> pieces;
    if (test.contains("hex")) pieces.push_back(test["hex"]);
    if (test.contains("chunks_hex")) pieces = test["chunks_hex"].get<std::vector<std::string>>();
    std::string bytes;
    for (std::string& piece : pieces) bytes += piece = from_hex(piece).value();
    const Decoded decoded = decode(pieces);
    std::string wrong;
    if (decoded.sizes != sizes) {
      wrong = fmt::format("{} frames, then {}", decoded.sizes.size(), decoded.error);
    } else if (test.contains("then")) {
      if (!decoded.error.starts_with("truncated (stream)"))
        wrong = "then \"" + decoded.error + "\"";
    } else {
      wrong = check_cuts(bytes, sizes);
    }
    note(report, "framing/" + test.at("name").get<std::string>(), wrong);
  }
}

void run(const std::filesystem::path& folder, Report& report) {
  run_frames(folder, report);
  run_fixtures(folder, report);
  run_smithy(folder, report);
  run_events(folder, report);
  run_framing(folder, report);
  for (const json& test : cases_of(folder / "signing.json")) {
    report.skip("signing/" + test.at("name").get<std::string>(),
                "bidirectional streams are not offered");
  }
}

}  // namespace

std::vector<Suite> event_stream_suites() { return {{"eventstream", run}}; }

}  // namespace ek::conformance

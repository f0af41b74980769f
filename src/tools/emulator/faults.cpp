#include "tools/emulator/faults.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "tools/emulator/fault_kinds.hpp"

namespace ek::emulator {
namespace {

// What every fault can be told.
constexpr std::string_view common_parameters = "times=N cloud=TEXT id=TEXT";

// As cloud_of() names them.
constexpr std::string_view clouds[] = {"sagemaker", "vertex", "azureml"};

constexpr std::string_view status_parameters =
    "retry-after=TEXT retry-date=SECONDS retry-after-ms=TEXT x-ms-retry-after-ms=TEXT "
    "x-amz-retry-after=TEXT retry-info=SECONDS";

constexpr FaultKind kinds[] = {
    {"401", status_parameters, "the proof of identity is refused", refuse_with_status},
    {"403", status_parameters, "the identity may not do this", refuse_with_status},
    {"429", status_parameters, "throttled", refuse_with_status},
    {"500", status_parameters, "the provider failed", refuse_with_status},
    {"502", status_parameters, "a gateway got no good answer", refuse_with_status},
    {"503", status_parameters, "overloaded", refuse_with_status},
    {"504", status_parameters, "a gateway waited too long", refuse_with_status},
    {"expired-token", "", "the token or session was good once", expire_token},
    {"html", "status=N", "a proxy's error page, with 502 unless told otherwise", answer_html},
    {"wrong-type", "type=TEXT", "the answer says that it is text/html, or TYPE", change_type},
    {"slow-headers", "ms=TIME", "nothing is answered for that long, or ever", delay_headers},
    {"reset", "after=BYTES", "TCP RST, before the headers or after so much of the body",
     reset_connection},
    {"cut", "after=BYTES",
     "the connection is closed after so much of the body (HTTP/2: the stream is reset)", cut_body},
    {"goaway", "after=BYTES",
     "HTTP/2: GOAWAY, by which the request was not looked at; or in the middle, and the connection "
     "closes",
     go_away},
    {"rst-stream", "after=BYTES code=N",
     "HTTP/2: the stream is refused (7), or in the middle reset (2), or with the error code N",
     reset_stream},
    {"drain", "", "GOAWAY, on HTTP/1.1 Connection: close, that lets this answer end",
     drain_connection},
    {"stall", "after=BYTES ms=TIME", "silence after so much of the body, for that long or for ever",
     stall_body},
    {"trickle", "ms=TIME", "one byte a chunk, with a pause between", trickle_body},
    {"garble", "after=BYTES", "the lowest bit of the byte that follows is flipped", garble_body},
    {"early-close", "", "the connection is closed after the last event, without an end of the body",
     close_early},
    {"keep-open", "", "the connection stays open after the last event", keep_open},
    {"wrong-crc", "event=N", "the checksum of the Nth event-stream message is wrong",
     spoil_checksum},
    {"duplicate", "event=N", "the Nth event (of SSE or event stream) comes twice", repeat_event},
    {"error-frame", "after=N",
     "after N events the provider's error, inside the stream of status "
     "200",
     end_with_error},
    {"unframed-error", "after=N", "after N events bare JSON with an error, in no frame",
     end_unframed},
};

Error unknown(std::string message) {
  return {.code = ErrorCode::invalid_request, .message = std::move(message)};
}

std::string names() {
  std::string text;
  for (const FaultKind& kind : kinds) text += (text.empty() ? "" : ", ") + std::string(kind.name);
  return text;
}

// What stands behind `name=` in a row's parameters; empty if there is no such.
std::string_view unit_of(std::string_view name, std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view one = parameters.substr(0, parameters.find(' '));
    parameters.remove_prefix(std::min(parameters.size(), one.size() + 1));
    const auto equals = one.find('=');
    if (one.substr(0, equals) == name) return one.substr(equals + 1);
  }
  return {};
}

std::optional<long> parse_count(std::string_view text) {
  long value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = failure == std::errc{} && end == text.data() + text.size();
  return whole && value >= 0 ? std::optional(value) : std::nullopt;
}

Result<void> read_parameter(Fault& fault, std::string_view part) {
  const auto equals = part.find('=');
  const std::string_view name = trim(part.substr(0, equals));
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : trim(part.substr(equals + 1));
  std::string_view unit = unit_of(name, fault.kind->parameters);
  if (unit.empty()) unit = unit_of(name, common_parameters);
  if (unit.empty()) {
    return unknown(fmt::format("the fault {} takes {}{}{}, not \"{}\"", fault.kind->name,
                               fault.kind->parameters, fault.kind->parameters.empty() ? "" : " ",
                               common_parameters, printable(name)));
  }
  if (unit != "TEXT" && !parse_count(value)) {
    return unknown(fmt::format("expected {}={} with a whole number, got \"{}\"", name, unit,
                               printable(value)));
  }
  if (name == "cloud" && std::find(std::begin(clouds), std::end(clouds), value) == std::end(clouds))
    return unknown(fmt::format("there is no cloud \"{}\"; there are {}", printable(value),
                               fmt::join(clouds, ", ")));
  fault.parameters.insert_or_assign(std::string(name), std::string(value));
  return {};
}

}  // namespace

std::span<const FaultKind> fault_kinds() { return kinds; }

std::string_view Fault::text(std::string_view name) const noexcept {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string_view() : found->second;
}

long Fault::number(std::string_view name, long otherwise) const noexcept {
  return parse_count(text(name)).value_or(otherwise);
}

Result<Fault> parse_fault(std::string_view order) {
  Fault fault{.order = std::string(order)};
  const std::string_view name = trim(order.substr(0, order.find(';')));
  const auto* kind = std::find_if(std::begin(kinds), std::end(kinds),
                                  [&](const FaultKind& one) { return one.name == name; });
  if (kind == std::end(kinds)) {
    return unknown(fmt::format("there is no fault \"{}\"; there are {}", printable(name), names()));
  }
  fault.kind = kind;
  order.remove_prefix(std::min(order.find(';'), order.size()));
  while (!order.empty()) {
    order.remove_prefix(1);
    const std::string_view part = order.substr(0, order.find(';'));
    order.remove_prefix(part.size());
    if (auto read = read_parameter(fault, part); !read) return read.error();
  }
  return fault;
}

std::string fault_help() {
  std::string text;
  for (const FaultKind& kind : kinds) {
    const bool status = kind.parameters == status_parameters;
    const std::string_view parameters = status ? "RETRY" : kind.parameters;
    text += fmt::format("  {:<14} {:<20} {}\n", kind.name, parameters, kind.what);
  }
  return text;
}

bool FaultBook::hit(const Fault& fault, std::string_view cloud) {
  const std::string_view wanted = fault.text("cloud");
  if (!wanted.empty() && wanted != cloud) return false;
  const std::lock_guard lock(mutex_);
  int& hits = hits_[fault.order];
  const long times = fault.number("times", -1);
  if (times >= 0 && hits >= times) return false;
  ++hits;
  return true;
}

Result<std::optional<Fault>> FaultBook::take(std::string_view cloud, std::string_view order) {
  if (!order.empty()) {
    auto fault = parse_fault(order);
    if (!fault) return fault.error();
    if (hit(*fault, cloud)) return std::optional(*std::move(fault));
  }
  for (const Fault& fault : standing_) {
    if (hit(fault, cloud)) return std::optional(fault);
  }
  return std::optional<Fault>();
}

std::map<std::string, int> FaultBook::hits() const {
  const std::lock_guard lock(mutex_);
  return hits_;
}

void FaultBook::count_silence(const std::string& order) {
  const std::lock_guard lock(mutex_);
  ++silences_[order];
}

std::map<std::string, int> FaultBook::silences() const {
  const std::lock_guard lock(mutex_);
  return silences_;
}

}  // namespace ek::emulator

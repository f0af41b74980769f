#include "endpoint/wires.hpp"

#include <array>

namespace ek {

using wire::Framing;

namespace {

struct WireName {
  Wire wire;
  std::string_view name;
  Framing framing;
};

constexpr auto kWires = std::to_array<WireName>({
    {Wire::sse, "sse", Framing::sse},
    {Wire::ndjson, "ndjson", Framing::ndjson},
    {Wire::json_array, "json-array", Framing::json_array},
    {Wire::json, "json", Framing::json},
    {Wire::event_stream, "eventstream", Framing::event_stream},
});

}  // namespace

Wire wire_of(Framing framing) noexcept {
  for (const WireName& known : kWires) {
    if (known.framing == framing) return known.wire;
  }
  return Wire::detect;  // plain text
}

std::optional<Framing> framing_of(Wire wire) noexcept {
  for (const WireName& known : kWires) {
    if (known.wire == wire) return known.framing;
  }
  return std::nullopt;
}

std::string_view to_string(Wire wire) noexcept {
  for (const WireName& known : kWires) {
    if (known.wire == wire) return known.name;
  }
  return "auto";
}

std::optional<Wire> parse_wire(std::string_view name) noexcept {
  if (name == "auto") return Wire::detect;
  for (const WireName& known : kWires) {
    if (known.name == name) return known.wire;
  }
  return std::nullopt;
}

}  // namespace ek

#include "tools/emulator/tabular.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "tools/emulator/json_reader.hpp"

namespace ek::emulator {
namespace {

using nlohmann::json;

// Of all numbers in a value, however deep; none if there is no number in it.
std::optional<double> sum(const json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_structured()) return std::nullopt;
  std::optional<double> total;
  for (const json& item : value) {
    if (const auto part = sum(item)) total = total.value_or(0) + *part;
  }
  return total;
}

std::optional<json> sum_rows(const json& rows) {
  if (!rows.is_array() || rows.empty()) return std::nullopt;
  json sums = json::array();
  for (const json& row : rows) {
    const auto total = sum(row);
    if (!total) return std::nullopt;
    sums.push_back(*total);
  }
  return sums;
}

std::optional<std::string> named(const std::optional<json>& sums, const char* name) {
  if (!sums) return std::nullopt;
  return to_text(json{{name, *sums}});
}

}  // namespace

std::optional<std::string> score_json(std::string_view body) {
  const json parsed = parse_json<json>(body);
  if (!parsed.is_object()) return std::nullopt;
  if (parsed.contains("instances")) return named(sum_rows(parsed["instances"]), "predictions");
  if (parsed.contains("data")) return named(sum_rows(parsed["data"]), "result");
  if (!parsed.contains("input_data")) return std::nullopt;
  const json& input = parsed["input_data"];
  const auto sums = sum_rows(input.is_object() ? input.value("data", json()) : input);
  if (!sums) return std::nullopt;
  return to_text(*sums);
}

std::optional<std::string> score_csv(std::string_view body) {
  std::string result;
  while (!body.empty()) {
    std::string_view line = trim(body.substr(0, body.find('\n')));
    body.remove_prefix(std::min(body.size(), body.find('\n') == std::string_view::npos
                                                 ? body.size()
                                                 : body.find('\n') + 1));
    if (line.empty()) continue;
    double total = 0;
    while (true) {
      const std::string_view field = trim(line.substr(0, line.find(',')));
      double value = 0;
      const auto [end, failure] = std::from_chars(field.data(), field.data() + field.size(), value);
      if (failure != std::errc{} || end != field.data() + field.size()) return std::nullopt;
      total += value;
      if (line.find(',') == std::string_view::npos) break;
      line.remove_prefix(line.find(',') + 1);
    }
    if (!result.empty()) result += '\n';
    result += to_text(json(total));
  }
  if (result.empty()) return std::nullopt;
  return result;
}

}  // namespace ek::emulator

#include "signing/json_object.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

namespace ek {
namespace {

using nlohmann::json;

const json& in(const std::shared_ptr<const void>& object) {
  return *static_cast<const json*>(object.get());
}

const json* member(const std::shared_ptr<const void>& object, const char* name) {
  const auto found = in(object).find(name);
  return found == in(object).end() ? nullptr : &*found;
}

}  // namespace

std::optional<JsonObject> JsonObject::parse(std::string_view text) {
  auto value = std::make_shared<const json>(json::parse(text, nullptr, false));
  if (!value->is_object()) return std::nullopt;
  return JsonObject(std::move(value));
}

bool JsonObject::has(const char* name) const { return member(json_, name) != nullptr; }

std::string JsonObject::text(const char* name) const {
  const json* value = member(json_, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::optional<std::int64_t> JsonObject::integer(const char* name) const {
  const json* value = member(json_, name);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_integer()) return value->get<std::int64_t>();
  if (!value->is_string()) return std::nullopt;
  const auto& digits = value->get_ref<const std::string&>();
  std::int64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, failure] = std::from_chars(digits.data(), end, number);
  if (failure != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

std::optional<bool> JsonObject::boolean(const char* name) const {
  const json* value = member(json_, name);
  if (value == nullptr || !value->is_boolean()) return std::nullopt;
  return value->get<bool>();
}

std::optional<JsonObject> JsonObject::object(const char* name) const {
  const json* value = member(json_, name);
  if (value == nullptr || !value->is_object()) return std::nullopt;
  return JsonObject(std::shared_ptr<const void>(json_, value));
}

std::vector<std::string> JsonObject::texts(const char* name) const {
  std::vector<std::string> out;
  const json* value = member(json_, name);
  if (value == nullptr || !value->is_array()) return out;
  for (const json& item : *value) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> JsonObject::text_members() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [name, value] : in(json_).items()) {
    if (value.is_string()) out.emplace_back(name, value.get<std::string>());
  }
  return out;
}

}  // namespace ek

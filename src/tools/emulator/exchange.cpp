#include "tools/emulator/exchange.hpp"

#include <algorithm>
#include <exception>

#include "base/text.hpp"
#include "base/uri.hpp"

namespace ek::emulator {
namespace {

std::string decode_field(std::string_view text) {
  std::string plus(text);
  std::replace(plus.begin(), plus.end(), '+', ' ');
  return percent_decode(plus);
}

}  // namespace

std::string_view Request::header(std::string_view name) const noexcept {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const Header& h) { return iequals(h.name, name); });
  return found == headers.end() ? std::string_view() : found->value;
}

std::string Request::parameter(std::string_view name) const {
  return std::string(Form(query).field(name));
}

std::optional<std::string_view> Request::bearer() const noexcept {
  const std::string_view value = header("Authorization");
  constexpr std::string_view scheme = "Bearer ";
  if (!iequals(value.substr(0, scheme.size()), scheme)) return std::nullopt;
  return trim(value.substr(scheme.size()));
}

Form::Form(std::string_view text) {
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (pair.empty()) continue;
    fields_.emplace_back(
        decode_field(pair.substr(0, equals)),
        equals == std::string_view::npos ? "" : decode_field(pair.substr(equals + 1)));
  }
}

Reply answer_by(const Handler& handler, const Request& request) {
  try {
    return handler(request);
  } catch (const std::exception& thrown) {
    return {.status = 500,
            .content_type = "text/plain; charset=utf-8",
            .body = std::string("endpointkit-emulator failed: ") + thrown.what() + "\n"};
  }
}

BodySource::Chunk next_of(BodySource& source) {
  try {
    return source.next();
  } catch (const std::exception&) {
    return {.state = BodySource::Chunk::State::cut};
  }
}

std::string_view Form::field(std::string_view name) const noexcept {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const auto& field) { return field.first == name; });
  return found == fields_.end() ? std::string_view() : found->second;
}

}  // namespace ek::emulator

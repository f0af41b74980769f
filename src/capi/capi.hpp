// What stands behind the handles of endpointkit.h, and the one way in and out: guard() turns every
// exception into a status, require() turns a NULL into an error with a name. Nothing is decided
// here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "endpointkit/endpoint.hpp"
#include "endpointkit/endpointkit.h"

struct epk_error {
  ek::Error error;
  epk_status status;
  mutable std::optional<std::string> json{};
};

struct epk_client {
  ek::Client client;
};

struct epk_endpoint {
  ek::Endpoint endpoint;
  std::string uri;
  std::string credentials;
};

struct epk_text {
  std::string text;
};

struct epk_request {
  ek::ChatRequest request;
};

struct epk_reply {
  std::variant<ek::ChatReply, ek::InvokeReply> reply;
  std::string text;
  mutable std::optional<std::string> json{};
};

struct epk_event {
  std::variant<ek::ChatEvent, std::string> value;
  mutable std::optional<std::string> json{};
};

struct epk_call {
  std::variant<ek::ChatStream, ek::InvokeStream> stream;
  std::optional<epk_event> event{};
  std::optional<ek::Error> failure{};
  bool ended = false;
  std::string request_id{};
  std::string content_type{};
};

namespace ek::capi {

/// Inside a catch block: the status of what was thrown; its details in *error where they fit into
/// memory.
epk_status report_current(epk_error** error) noexcept;

/// Runs `work`, which gives a status or throws; ek::Exception carries the errors of the library.
template <class Work>
epk_status guard(epk_error** error, Work&& work) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    return std::forward<Work>(work)();
  } catch (...) {
    return report_current(error);
  }
}

/// Waits longer than this are for ever; the bound keeps clock arithmetic from overflowing.
constexpr std::int64_t kLongWaitMs = 10LL * 366 * 24 * 3600 * 1000;

/// Throws invalid_request with `message`.
[[noreturn]] void refuse(std::string message);

/// `*pointer`; refuses a NULL by the parameter's name.
template <class T>
T& require(T* pointer, const char* name) {
  if (pointer == nullptr) refuse(std::string(name) + " is NULL");
  return *pointer;
}

/// An out parameter, set to NULL until there is something to give.
template <class T>
T*& out(T** pointer, const char* name) {
  T*& target = require(pointer, name);
  target = nullptr;
  return target;
}

/// The number of a call, 0 until there is one.
inline std::uint64_t& out(std::uint64_t* pointer, const char* name) {
  std::uint64_t& target = require(pointer, name);
  target = 0;
  return target;
}

/// A text argument; NULL is accepted for the empty one.
std::string_view text_in(const char* text, std::size_t length, const char* name);

inline const char* text_out(const std::string& text, std::size_t* length) noexcept {
  if (length != nullptr) *length = text.size();
  return text.c_str();
}

/// For getters of a handle that may be NULL.
inline const char* empty_text(std::size_t* length) noexcept {
  if (length != nullptr) *length = 0;
  return "";
}

/// Made at the first question and kept; "" if memory runs out.
template <class Make>
const char* text_once(std::optional<std::string>& cache, std::size_t* length,
                      Make&& make) noexcept {
  try {
    if (!cache) cache = std::forward<Make>(make)();
    return text_out(*cache, length);
  } catch (...) {
    return empty_text(length);
  }
}

}  // namespace ek::capi

// What can go wrong, in one type. Every function of the library that can fail returns Result<T>;
// nothing throws across the border unless the caller asks for it with value().
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "endpointkit/export.hpp"

namespace ek {

/// What kind of failure it is. A code exists only where a caller would act on it differently;
/// the numbers are part of the C ABI.
enum class ErrorCode : std::int32_t {
  invalid_request = 1,  ///< The request is wrong as it stands: change it.
  authentication = 2,   ///< No identity was found, or the provider does not believe it.
  permission = 3,       ///< The identity is known and may not do this.
  not_found = 4,        ///< No such endpoint, model, deployment or route.
  rate_limit = 5,       ///< Too much at once; `retryable` is false if it is a used-up quota.
  unavailable = 6,      ///< Overloaded, scaling up or loading: later it works.
  timeout = 7,          ///< A timer of ours (see `phase`) or of the provider ran out.
  content_filter = 8,   ///< The provider refused the prompt or the answer.
  context_length = 9,   ///< Prompt plus answer do not fit the model: shorten.
  model_error = 10,     ///< The model's container failed; see `original_status` and its logs.
  server_error = 11,    ///< The provider failed, or broke its own protocol (`phase` is decode).
  transport = 12,       ///< DNS, connection or TLS failed, or the peer hung up before answering.
  truncated = 13,       ///< The stream was cut: what was delivered is not the whole answer.
  cancelled = 14,       ///< The caller asked for it.
};

/// Where in a call it happened. For a timeout it names the timer that fired.
enum class Phase : std::int32_t {
  request = 1,      ///< Before anything was sent: arguments, URI, encoding.
  credentials = 2,  ///< Finding an identity or fetching a token.
  dns = 3,
  connect = 4,  ///< TCP or proxy; the connect timer.
  tls = 5,
  send = 6,
  headers = 7,      ///< The provider answered with an error status.
  first_event = 8,  ///< Waiting for the first piece of the answer.
  idle = 9,         ///< The gap between two pieces.
  stream = 10,      ///< While the answer was being read.
  decode = 11,      ///< The bytes that came do not follow the protocol.
  total = 12,       ///< The timer for the whole call.
  throughput = 13,  ///< The answer comes, but slower than it may.
};

/// The stable lower-case name, for logs and bindings.
EK_API std::string_view to_string(ErrorCode code) noexcept;
EK_API std::string_view to_string(Phase phase) noexcept;

/// One failure, as a value. `message` says what was expected, what came and what to do; it never
/// holds a secret. Members that the provider did not send are empty or zero.
struct Error {
  ErrorCode code = ErrorCode::server_error;
  Phase phase = Phase::request;
  std::string message{};
  int http_status = 0;          ///< Status of the provider's answer; 0 if none came.
  int original_status = 0;      ///< Status of the model's container where the cloud wraps it (424).
  std::string provider_code{};  ///< As the provider names it: "ThrottlingException", "NOT_FOUND".
  /// Second-level reason where there is one: "SERVICE_DISABLED". Ours is "no_such_endpoint", where
  /// the cloud says in a sentence only that nothing has the endpoint's name.
  std::string reason{};
  std::string request_id{};  ///< For a support ticket.
  /// Sending the same again later can succeed. False as well where the answer was lost on its way
  /// (transport after sending, truncated): it can, but may be computed, and billed, twice.
  bool retryable = false;
  std::optional<std::chrono::milliseconds> retry_after{};  ///< The provider's own wish.
  bool output_delivered = false;  ///< Part of the answer was handed out before this.
  int attempts = 0;               ///< How often the request was sent, or tried to be.
  std::vector<std::string> filtered_categories{};  ///< content_filter: which ones ("hate").
  std::string provider_body{};  ///< First 4 KiB of the provider's error body, as it came.

  bool operator==(const Error&) const = default;
};

/// One line for a human: code, phase, status, provider code, message, request id.
EK_API std::string describe(const Error& error);

/// Thrown by Result::value() only.
class EK_API Exception : public std::runtime_error {
 public:
  explicit Exception(Error error);
  ~Exception() override;
  [[nodiscard]] const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

/// A T or the Error that prevented it. Reading the wrong side is a programming error: value()
/// throws Exception, operator* and error() require the right side.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& operator*() & noexcept { return *std::get_if<0>(&state_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&state_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() noexcept { return std::get_if<0>(&state_); }
  const T* operator->() const noexcept { return std::get_if<0>(&state_); }

  T& value() & { return check(), **this; }
  const T& value() const& { return check(), **this; }
  T&& value() && { return check(), std::move(**this); }

  Error& error() & noexcept { return *std::get_if<1>(&state_); }
  const Error& error() const& noexcept { return *std::get_if<1>(&state_); }
  Error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

 private:
  void check() const {
    if (const Error* error = std::get_if<1>(&state_)) throw Exception(*error);
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  // Defaulted, `return {};` would fill the room of an error with zeros.
  Result() noexcept {}  // NOLINT(modernize-use-equals-default)
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (error_) throw Exception(*error_);
  }
  Error& error() & noexcept { return *error_; }
  const Error& error() const& noexcept { return *error_; }
  Error&& error() && noexcept { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace ek

// The seam that a cloud implements: where an endpoint is, how its bytes are wrapped, what its
// errors mean and which proof of identity it wants. Everything here is pure.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/uri.hpp"
#include "dialect/dialect.hpp"
#include "endpointkit/endpoint.hpp"
#include "endpointkit/ext/environment.hpp"
#include "endpointkit/ext/transport.hpp"
#include "signing/signer.hpp"
#include "wire/decoder.hpp"

namespace ek {

/// The Error::reason where nothing has the endpoint's name, whatever the provider's own code is:
/// another member of a group may be there.
constexpr std::string_view no_such_endpoint = "no_such_endpoint";

/// What one call wants from the address.
struct Operation {
  enum class Kind { chat, invoke } kind = Kind::chat;
  bool stream = false;
  std::string body{};
  std::string content_type = "application/json";
  std::string accept{};
};

/// One try of a call, for headers that change from try to try.
struct Attempt {
  std::string_view call_id{};  ///< A UUID, the same for all tries of the call.
  int number = 1;              ///< From 1.
  int max = 1;
  std::chrono::milliseconds time_left{};  ///< Until the call's total timer; 0 if there is none.
};

/// One address on one cloud service, checked and complete. Immutable; safe from all threads.
class Cloud {
 public:
  virtual ~Cloud() = default;
  /// The endpoint as a URI, without options.
  [[nodiscard]] virtual std::string uri() const = 0;
  [[nodiscard]] virtual SigningScope scope() const = 0;
  /// Name of the dialect that the model behind it speaks.
  [[nodiscard]] virtual std::string_view dialect() const noexcept = 0;
  [[nodiscard]] virtual dialect::EncodeHints hints() const { return {}; }
  /// For clients that say nothing of retries.
  [[nodiscard]] virtual RetryPolicy retry() const { return {}; }
  [[nodiscard]] virtual HttpRequest address(Operation operation) const = 0;
  [[nodiscard]] virtual std::vector<Header> attempt_headers(const Attempt&) const { return {}; }
  /// Takes the cloud's own wrapping off a streamed 2xx body; null if there is none.
  [[nodiscard]] virtual std::unique_ptr<wire::Decoder> unwrap(const HttpHead&) const {
    return nullptr;
  }
  /// The container's content type of a 2xx answer.
  [[nodiscard]] virtual std::string content_type(const HttpHead& head) const {
    return std::string(head.header("content-type"));
  }
  [[nodiscard]] virtual std::string request_id(const HttpHead& head) const = 0;
  /// What an answer with an error status means; `body` may be cut, HTML or empty.
  [[nodiscard]] virtual Error explain(const HttpHead& head, std::string_view body) const = 0;
};

/// A line of the registry: how a URI of this scheme becomes a Cloud.
struct CloudEntry {
  std::string_view scheme{};
  Result<std::unique_ptr<Cloud>> (*open)(const Uri& uri, const EndpointOptions& options,
                                         const Environment& environment);
};

/// Binds a cloud, an identity and a client to an endpoint; in endpoint.cpp.
/// Errors: invalid_request if the dialect is unknown or the identity cannot serve the cloud.
Result<Endpoint> make_endpoint(const Client& client, std::unique_ptr<Cloud> cloud,
                               const Credentials& credentials);

/// The environment that a client was given, or the real one.
const Environment& environment_of(const Client& client);

}  // namespace ek

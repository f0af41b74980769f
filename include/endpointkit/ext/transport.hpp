// For people who replace the HTTP layer, and for tests that need no socket. The promise is weaker
// than for the rest: it may change with a minor version.
//
// A Transport makes lanes; a lane drives exchanges on the thread that calls it. Nothing happens to
// an exchange except inside wait(): there is no hidden thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/error.hpp"
#include "endpointkit/invoke.hpp"
#include "endpointkit/network.hpp"

namespace ek {

using SteadyTime = std::chrono::steady_clock::time_point;

struct HttpRequest {
  std::string method = "POST";
  std::string url{};  ///< Absolute, already percent-encoded.
  std::vector<Header> headers{};
  std::string body{};
};

struct HttpHead {
  int status = 0;
  std::vector<Header> headers{};

  /// The value of the first header of that name (case-insensitive), or "".
  [[nodiscard]] EK_API std::string_view header(std::string_view name) const noexcept;
};

struct HttpResponse {
  HttpHead head{};
  std::string body{};
};

/// How one exchange differs in TLS from what the transport does otherwise. It has a connection of
/// its own if either is set. Errors: transport/tls, also if the transport cannot do it.
struct TlsOptions {
  /// Shown instead of the transport's own, if it is not empty.
  TlsIdentity client_certificate{};
  /// SHA-1 of the server's certificate, 40 hex digits. If given it alone decides whether the server
  /// is trusted: no root, no name and no date does.
  std::string server_thumbprint{};

  [[nodiscard]] bool empty() const noexcept {
    return client_certificate.empty() && server_thumbprint.empty();
  }
};

struct TransferOptions {
  std::chrono::milliseconds connect_timeout{10'000};  ///< DNS, TCP, proxy and TLS together.
  /// The transfer pauses while this much is unread, so a slow consumer slows the sender.
  std::size_t max_buffered_bytes = std::size_t{128} * 1024;
  /// Straight to the host, whatever proxy is set: for metadata services on link-local addresses,
  /// which answer with keys.
  bool bypass_proxy = false;
  TlsOptions tls{};
  /// Called inside wait(), or start(), when the exchange has its head, more of its body, or its
  /// end; for lanes that drive many. Must not call into the lane.
  std::function<void()> on_news{};
};

/// One request under way. Owned by the caller, used on the lane's thread. Destroying it before the
/// end closes its connection; after the end the connection stays in the lane for the next exchange.
class EK_API Exchange {
 public:
  virtual ~Exchange();
  /// Null until the response headers are complete; then fixed.
  [[nodiscard]] virtual const HttpHead* head() const noexcept = 0;
  /// The head for keeping, when it is there: head() is not asked again.
  virtual HttpHead take_head();
  /// Body bytes received and not yet consumed. Lifetime: until the next wait() or consume().
  [[nodiscard]] virtual std::string_view body() const noexcept = 0;
  virtual void consume(std::size_t bytes) = 0;
  /// True once nothing more will come: the body ended properly, or error() is set.
  [[nodiscard]] virtual bool ended() const noexcept = 0;
  /// Why the exchange failed: code transport, timeout (connect) or truncated (the body was cut).
  /// Null while it runs and after a proper end. `retryable` is true if the server cannot have begun
  /// to work.
  [[nodiscard]] virtual const Error* error() const noexcept = 0;
  /// When the whole request was handed to the network, if it was.
  [[nodiscard]] virtual bool sent() const noexcept = 0;
};

/// Drives exchanges. One thread at a time; wake() may come from any.
class EK_API Lane {
 public:
  virtual ~Lane();
  virtual std::unique_ptr<Exchange> start(HttpRequest request, const TransferOptions& options) = 0;
  /// Works on the lane's exchanges until one of them has news, wake() was called or `until` is
  /// reached.
  virtual void wait(SteadyTime until) = 0;
  /// Makes a wait() that runs, or the next one, return at once. Any thread.
  virtual void wake() noexcept = 0;
  /// Takes an exchange of which nothing is wanted any more, though its end, which should be near,
  /// has not come: its connection can serve others once it has. If it does not come soon, or here
  /// by default, the connection is closed.
  virtual void let_end(std::unique_ptr<Exchange> exchange);
  /// Becomes readable when wait() has something to do, for event loops of others: an epoll or
  /// kqueue descriptor, owned by the lane. -1 where there is none.
  [[nodiscard]] virtual int descriptor() const noexcept;
  /// When wait() has something to do though the descriptor is silent.
  [[nodiscard]] virtual SteadyTime due() const;
};

/// Makes lanes; may be used from all threads. What lanes share (DNS, TLS sessions, CA store) lives
/// here.
class EK_API Transport {
 public:
  virtual ~Transport();
  virtual std::unique_ptr<Lane> open_lane() = 0;
  /// One that is made for thousands of exchanges at once and has a descriptor, if this transport
  /// knows the difference.
  virtual std::unique_ptr<Lane> open_wide_lane();
};

/// One whole request on a lane of its own, for credential sources.
/// Errors: the exchange's; timeout/credentials at the deadline; cancelled; server_error if the body
/// is larger than `max_body_bytes`. An error status is a successful result here.
struct FetchOptions {
  SteadyTime deadline{};
  std::stop_token stop{};
  std::size_t max_body_bytes = std::size_t{1} << 20U;
  /// As in TransferOptions.
  std::chrono::milliseconds connect_timeout{10'000};
  bool bypass_proxy = false;
  TlsOptions tls{};
  /// The clock that `deadline` belongs to.
  std::function<SteadyTime()> now = std::chrono::steady_clock::now;
};
EK_API Result<HttpResponse> fetch(Transport& transport, HttpRequest request,
                                  const FetchOptions& options);

}  // namespace ek

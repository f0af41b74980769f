// One hosted model, on whichever cloud: open it by URI, chat with it, stream, or send raw bytes.
//
//     auto endpoint =
//     ek::open("vertex://my-project/europe-west4/publishers/google/models/gemini-2.5-flash"); auto
//     reply    = endpoint.value().chat({.messages = {ek::user("Hello!")}});
//
// Everything runs on the calling thread; there is no global initialisation and no shutdown call.
// The one exception: a token that must be fetched while something else has to go on, for a call
// that is waited for with a limit of time, hedged, or in a loop, is fetched by a thread that is
// started then and ends with the call or the loop. Opening touches neither network nor disk beyond
// what the URI names. An object that was moved from may be destroyed or assigned to, nothing else.
//
// Processes: SIGPIPE is never delivered for our sockets, and no handler is touched. Connections are
// closed by exec. After fork() a child may exec, _exit, or make a Client of its own; it must
// neither use nor destroy what it inherited (and so must not exit(), if a static object owns some),
// for that would speak on the parent's connections. The parent's calls do not notice. If other
// threads were inside the library at that moment, the child may exec or _exit only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/call_options.hpp"
#include "endpointkit/chat.hpp"
#include "endpointkit/credential_report.hpp"
#include "endpointkit/credentials.hpp"
#include "endpointkit/error.hpp"
#include "endpointkit/export.hpp"
#include "endpointkit/invoke.hpp"
#include "endpointkit/network.hpp"

namespace ek {

class PumpedCall;      // src/endpoint/pumped_call.hpp
class Transport;       // endpointkit/ext/transport.hpp
struct Environment;    // endpointkit/ext/environment.hpp
struct ClientState;    // src/endpoint/client_state.hpp
struct EndpointState;  // src/endpoint/endpoint_state.hpp

/// What one application allows itself, so that the provider need not refuse it; 0 is no limit. A
/// call that has to wait does so in turn, up to its total timer; a stream keeps its place until it
/// is over or destroyed, also while nobody reads it. So do the calls of a Loop that is not driven
/// keep their turn. What the provider says of its own limits
/// (x-ratelimit-remaining-*, the Retry-After of a 429) is obeyed as well.
struct Limits {
  int max_in_flight = 0;  ///< Attempts under way.
  double requests_per_minute = 0;
  /// Prompt and answer. Estimated before the call (four bytes a token, and max_tokens), trued up by
  /// the usage that the provider reports.
  double tokens_per_minute = 0;

  bool operator==(const Limits&) const = default;
};

/// A streamed answer, pulled event by event. Move-only; one thread at a time, except cancel().
/// Destroying it before the end closes the connection and stops the provider's work where it can.
/// Memory: bytes that wait (NetworkOptions::max_buffered_bytes), one event of at most 64 MiB, and
/// reply(), which is the whole answer. A stream that nobody asks costs no time.
class EK_API ChatStream {
 public:
  explicit ChatStream(std::unique_ptr<PumpedCall> call);
  ChatStream(ChatStream&&) noexcept;
  ChatStream& operator=(ChatStream&&) noexcept;
  ~ChatStream();

  /// Blocks until the next event. Gives the error that ended the stream as its last item, or
  /// `Finished` as its last event; then nothing. Not asking is the back-pressure. Errors:
  /// everything in ErrorCode; a cut stream is `truncated`, never Finished.
  std::optional<Result<ChatEvent>> next();
  /// Waits at most `timeout` until next() would not block; false if it still would. 0 looks at what
  /// has come. Timers run on between such calls.
  bool wait(std::chrono::milliseconds timeout);
  /// Ends the stream with `cancelled`, at once. Any thread; also before the first next().
  void cancel() noexcept;
  /// The answer as far as it has come, with usage and finish reason once they are known.
  [[nodiscard]] const ChatReply& reply() const noexcept;
  /// Of the response: "" until the provider answered.
  [[nodiscard]] std::string request_id() const;

 private:
  std::unique_ptr<PumpedCall> call_;
  bool told_ = false;  // the error was given
};

/// A streamed answer as raw bytes: the container's own, with the cloud's wrapping taken off.
/// Same rules as ChatStream.
class EK_API InvokeStream {
 public:
  explicit InvokeStream(std::unique_ptr<PumpedCall> call);
  InvokeStream(InvokeStream&&) noexcept;
  InvokeStream& operator=(InvokeStream&&) noexcept;
  ~InvokeStream();

  /// The next piece, never empty; pieces end anywhere, also inside a line or a character. The end
  /// is nothing; whether the container had more to say, only its own format can tell.
  std::optional<Result<std::string>> next();
  bool wait(std::chrono::milliseconds timeout);
  void cancel() noexcept;
  /// The container's content type; "" until the provider answered.
  [[nodiscard]] std::string content_type() const;
  [[nodiscard]] std::string request_id() const;

 private:
  std::unique_ptr<PumpedCall> call_;
  bool told_ = false;  // the error was given
};

/// One hosted model. Move-only; its const methods are safe from all threads. It keeps its client
/// alive.
class EK_API Endpoint {
 public:
  explicit Endpoint(std::shared_ptr<const EndpointState> state);
  Endpoint(Endpoint&&) noexcept;
  Endpoint& operator=(Endpoint&&) noexcept;
  ~Endpoint();

  /// Sends the conversation and waits for the whole answer.
  Result<ChatReply> chat(const ChatRequest& request, const CallOptions& options = {}) const;
  /// Sends nothing yet: the first next() or wait() does. Errors: invalid_request only.
  Result<ChatStream> chat_stream(const ChatRequest& request, const CallOptions& options = {}) const;
  /// Sends `request.body` as it is and waits for the whole answer.
  Result<InvokeReply> invoke(const InvokeRequest& request, const CallOptions& options = {}) const;
  Result<InvokeStream> invoke_stream(const InvokeRequest& request,
                                     const CallOptions& options = {}) const;

  /// The URI it was opened with, without secrets.
  [[nodiscard]] std::string_view uri() const noexcept;
  /// The same model under limits of its own, which all calls of the result and its groups share.
  /// Also by text: the options max_in_flight, requests_per_minute and tokens_per_minute of open().
  /// Errors: invalid_request if a limit is negative or no number.
  [[nodiscard]] Result<Endpoint> with_limits(const Limits& limits) const;
  /// What its calls do where their options say nothing: copy, change one member, pass it on.
  [[nodiscard]] const CallDefaults& defaults() const noexcept;
  /// The same model with others.
  [[nodiscard]] Endpoint with_defaults(const CallDefaults& defaults) const;
  /// Which identity signs its calls, without secrets.
  [[nodiscard]] std::string describe_credentials() const;
  /// Looks for an identity as a call would, and tells what it found on the way. Fetches a token
  /// where a call needs one; `options` give its timer and stop token. Errors: cancelled only; why
  /// nothing was found stands in the report.
  Result<CredentialReport> explain_credentials(const CallOptions& options = {}) const;
  /// Asks the provider who signs, where it has such a question (AWS: the ARN, from STS); else what
  /// explain_credentials() knows. Errors: as a call's before it is sent.
  Result<std::string> fetch_identity(const CallOptions& options = {}) const;

  [[nodiscard]] const std::shared_ptr<const EndpointState>& state() const noexcept {
    return state_;
  }

 private:
  std::shared_ptr<const EndpointState> state_;
};

struct ClientOptions {
  Timeouts timeouts{};
  /// Left as it is, endpoints on AWS take AWS_RETRY_MODE and AWS_MAX_ATTEMPTS from the environment.
  RetryPolicy retry{};
  CancelMode on_cancel = CancelMode::abort;
  NetworkOptions network{};
  std::string user_agent_suffix{};                   ///< Appended to "endpointkit/VERSION".
  std::shared_ptr<Observer> observer{};              ///< Null: nobody watches.
  std::shared_ptr<Transport> transport{};            ///< Null for libcurl.
  std::shared_ptr<const Environment> environment{};  ///< Null for the real one.
};

/// Options by key and text, as in a URI's query: dialect, base_url, the limits (max_in_flight,
/// requests_per_minute, tokens_per_minute), the keys of set_call_default() (timeout.idle_ms, …) and
/// what the cloud's header lists.
using EndpointOptions = std::map<std::string, std::string, std::less<>>;

/// Owns what endpoints share: connections, TLS sessions, tokens, the retry budget. Cheap to copy;
/// copies share all of it. Safe from all threads.
class EK_API Client {
 public:
  explicit Client(ClientOptions options = {});

  /// Opens an endpoint by URI:
  ///   sagemaker://REGION/ENDPOINT
  ///   vertex://PROJECT/LOCATION/ENDPOINT-ID  or
  ///   vertex://PROJECT/LOCATION/publishers/PUB/models/MODEL azureml://HOST/PATH
  /// Options stand in its query or in `options`, which win.
  /// Errors: invalid_request if the URI, an option or the pairing with the credentials makes no
  /// sense.
  Result<Endpoint> open(std::string_view uri,
                        const Credentials& credentials = Credentials::from_environment(),
                        const EndpointOptions& options = {}) const;

  [[nodiscard]] const std::shared_ptr<ClientState>& state() const noexcept { return state_; }

 private:
  std::shared_ptr<ClientState> state_;
};

/// Client().open(…): for the application that has one endpoint.
EK_API Result<Endpoint> open(std::string_view uri,
                             const Credentials& credentials = Credentials::from_environment(),
                             const EndpointOptions& options = {});

}  // namespace ek

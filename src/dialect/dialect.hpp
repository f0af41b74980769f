// What JSON a model speaks: ChatRequest to request body, reply body and frames to the chat
// vocabulary. Pure. One file per family; dialects.cpp is the one list.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/chat.hpp"
#include "endpointkit/error.hpp"

namespace ek::dialect {

/// What the cloud wants of the body.
struct EncodeHints {
  bool stream = false;      ///< Ask for a streamed answer, where the body says so.
  bool omit_model = false;  ///< The address names the model.
  std::string model{};      ///< Used if the request names none.
};

/// A frame, as far as a dialect needs to know it (no dependency on the framing).
struct FrameView {
  std::string_view data{};
  std::string_view type{};
};

/// Decodes the frames of one streamed answer. Errors end it: the model's own error object becomes
/// the Error that the dialect explains.
class StreamDecoder {
 public:
  virtual ~StreamDecoder() = default;
  /// Appends the events of one frame to `out`. Never appends Finished.
  virtual Result<void> decode(const FrameView& frame, std::vector<ChatEvent>& out) = 0;
  /// The dialect's own end marker came ([DONE]): nothing that matters follows.
  [[nodiscard]] virtual bool done() const noexcept = 0;
  /// The finish event, if what came so far is a whole answer; called once, when the stream is done
  /// or over. None: the answer was cut.
  [[nodiscard]] virtual std::optional<Finished> finish() = 0;
  /// Why the model stopped, as it spells it; "" until it said so. Known also for answers that an
  /// error ends later.
  [[nodiscard]] virtual std::string_view provider_reason() const noexcept = 0;
  /// Id and model of the answer as far as known.
  [[nodiscard]] virtual std::string_view id() const noexcept = 0;
  [[nodiscard]] virtual std::string_view model() const noexcept = 0;
};

class Dialect {
 public:
  virtual ~Dialect() = default;
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Errors: invalid_request for what this dialect cannot say (an image for a text-only one), or
  /// for JsonText that is not JSON.
  virtual Result<std::string> encode(const ChatRequest& request,
                                     const EncodeHints& hints) const = 0;
  /// Errors: server_error/decode if the body is no answer of this dialect; or the error it holds.
  virtual Result<ChatReply> decode_reply(std::string_view body) const = 0;
  virtual std::unique_ptr<StreamDecoder> make_stream_decoder() const = 0;
};

/// By name: "openai", "gemini", "tgi", "raw", or by what others call them: "openai-chat",
/// "openai-completions", "gemini-generate-content", "tgi-generate". Null for others. Lives for
/// ever.
const Dialect* find(std::string_view name) noexcept;
/// "openai, gemini, tgi, raw": for error messages.
std::string names();
/// Which dialect the first JSON value of an answer speaks; "raw" if none is recognised, but never
/// for a broken object.
std::string_view detect(std::string_view first_frame);

/// An error object as models send it, in a frame or as an HTTP error body:
/// {"error":{"message","type","code"}}, {"error":"text","error_type"}, Google's
/// {"error":{"status"}}, a one-element array around it, vLLM's {"object":"error"}, LMI's
/// {"code","message"}. None if `json` holds no error. `http_status` 0 means that it came inside a
/// stream.
std::optional<Error> parse_error(std::string_view json, int http_status);

/// What is known of a failure, in the provider's words.
struct Complaint {
  int status = 0;             ///< HTTP status, also one told inside the error object; or 0.
  std::string_view code{};    ///< "insufficient_quota", "RESOURCE_EXHAUSTED", "overloaded_error"
  std::string_view type{};    ///< A second, coarser name where there is one.
  std::string_view reason{};  ///< Google's ErrorInfo.reason.
  std::string_view message{};
};
struct Classification {
  ErrorCode code = ErrorCode::server_error;
  bool retryable = false;
};
/// The one place that says what a provider's error means, for streams and for HTTP answers alike.
/// Names go before texts, and texts before the status.
Classification classify(const Complaint& complaint);

}  // namespace ek::dialect

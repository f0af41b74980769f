// One request and its answer as the emulated services see them; which HTTP library carries them is
// server.cpp's affair.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "endpointkit/invoke.hpp"

namespace ek::emulator {

struct Request {
  std::string method{};
  std::string path{};   ///< As sent, percent-encoded.
  std::string query{};  ///< As sent, without '?'.
  std::vector<Header> headers{};
  std::string body{};
  bool secure = false;  ///< Over TLS.
  bool http2 = false;
  std::string client_certificate{};  ///< DER of what was shown in its handshake, or "".
  /// Whether nobody waits for the answer any more. For as long as it is being made.
  std::function<bool()> client_left = [] { return false; };

  /// The first header of that name, or "".
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
  /// The decoded value of a query parameter, or "".
  [[nodiscard]] std::string parameter(std::string_view name) const;
  /// The token of an `Authorization: Bearer`; none if there is no such header.
  [[nodiscard]] std::optional<std::string_view> bearer() const noexcept;
};

/// The fields of an application/x-www-form-urlencoded text.
class Form {
 public:
  explicit Form(std::string_view text);
  /// "" if it is not there.
  [[nodiscard]] std::string_view field(std::string_view name) const noexcept;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Where a streamed body comes from.
class BodySource {
 public:
  struct Chunk {
    enum class State { more, end, cut, reset, goaway } state = State::more;
    /// Goes out as one HTTP chunk. Empty: nothing yet, ask again if the client is still there; or
    /// at an end.
    std::string bytes{};
    int code = 2;  ///< Of a `cut` on HTTP/2: INTERNAL_ERROR.
  };
  virtual ~BodySource() = default;
  /// Blocks until there is something, or for a moment. `cut` closes the connection without the last
  /// chunk, or on HTTP/2 resets the stream; `reset` ends it with a TCP RST, `goaway` with GOAWAY.
  virtual Chunk next() = 0;
};

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<Header> headers{};
  std::string body{};
  std::unique_ptr<BodySource> stream{};  ///< In place of `body`.
  std::optional<std::size_t> length{};   ///< Of `stream`, announced; else it is chunked.
  bool close = false;                    ///< Closes the connection afterwards (by GOAWAY).
  /// In place of all the rest: a TCP RST, or on HTTP/2 the frame that says that the request was not
  /// looked at, or RST_STREAM with `code`.
  enum class Instead { nothing, reset, goaway, rst_stream } instead = Instead::nothing;
  int code = 0;
};

using Handler = std::function<Reply(const Request&)>;

/// What `handler` gives; 500 if it throws.
Reply answer_by(const Handler& handler, const Request& request);
/// What `source` gives; `cut` if it throws.
BodySource::Chunk next_of(BodySource& source);

}  // namespace ek::emulator

// Exchanges as files: what a client sent and what came back, piece by piece, to be served again.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/error.hpp"
#include "tools/emulator/exchange.hpp"

namespace ek::emulator {

struct Recording {
  struct Piece {
    std::chrono::milliseconds after{};  ///< The one before, or the request.
    std::string bytes{};
  };
  std::string method{};
  std::string path{};
  std::string query{};  ///< Only alt and stream: values of others could be keys.
  std::vector<Header> request_headers{};
  std::string request_body{};
  int status = 200;
  std::string content_type{};
  std::vector<Header> headers{};
  bool chunked = false;         ///< Else the length was announced.
  std::vector<Piece> pieces{};  ///< With the borders that they had.
  BodySource::Chunk::State end = BodySource::Chunk::State::end;

  /// By which a request finds its recording.
  [[nodiscard]] std::string route() const { return method + " " + path + "?" + query; }
};

/// JSON for people: bytes are text where they are UTF-8, else base64.
std::string recording_to_json(const Recording& recording);
/// Errors: invalid_request, saying what is missing.
Result<Recording> parse_recording(std::string_view json);
/// A request without what could be a secret: headers are known by name or shown as "***".
Recording recording_of(const Request& request);

/// Writes one file for each exchange when it is over, numbered as the requests came. Safe from all
/// threads.
class Recorder {
 public:
  using Now = std::function<std::chrono::system_clock::time_point()>;
  /// Errors: invalid_request if the folder is not there and cannot be made.
  static Result<std::unique_ptr<Recorder>> open(std::string folder, Now now);
  /// `reply`, with its body watched on the way. The recorder must outlive the reply.
  Reply watch(const Request& request, Reply reply);

 private:
  class Tap;
  Recorder(std::string folder, Now now) : folder_(std::move(folder)), now_(std::move(now)) {}
  void write(int number, const Recording& recording) const;

  const std::string folder_;
  const Now now_;
  std::atomic<int> count_ = 0;
};

/// Serves the recordings of a folder, each route's in the order of their files, and then again from
/// the first. Safe from all threads.
class Replay {
 public:
  /// Waits that long; false if there is no time for it.
  using Pause = std::function<bool(std::chrono::nanoseconds)>;
  /// `speed` 2 is twice as fast as it was, 0 at once.
  /// Errors: invalid_request, with the file that is none.
  static Result<std::unique_ptr<Replay>> open(const std::string& folder, double speed, Pause pause);
  /// 404 if the route was not recorded.
  Reply answer(const Request& request);

 private:
  struct Route {
    std::vector<std::shared_ptr<const Recording>> recordings{};
    std::size_t next = 0;
  };
  Replay(double speed, Pause pause) : speed_(speed), pause_(std::move(pause)) {}

  const double speed_;
  const Pause pause_;
  std::mutex mutex_;
  std::map<std::string, Route> routes_;
};

}  // namespace ek::emulator

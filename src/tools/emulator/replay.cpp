#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/text.hpp"
#include "endpointkit/ext/environment.hpp"
#include "tools/emulator/recording.hpp"

namespace ek::emulator {
namespace {

using State = BodySource::Chunk::State;

/// The pieces of a recording, each when it is due.
class ReplayedBody final : public BodySource {
 public:
  ReplayedBody(std::shared_ptr<const Recording> recording, double speed, Replay::Pause pause)
      : recording_(std::move(recording)), speed_(speed), pause_(std::move(pause)) {}

  Chunk next() override {
    if (at_ == recording_->pieces.size()) return {.state = recording_->end};
    const Recording::Piece& piece = recording_->pieces[at_++];
    if (speed_ > 0 && piece.after.count() > 0) {
      const std::chrono::duration<double, std::milli> wait(
          static_cast<double>(piece.after.count()) / speed_);
      if (!pause_(std::chrono::duration_cast<std::chrono::nanoseconds>(wait)))
        return {.state = State::cut};
    }
    return {.bytes = piece.bytes};
  }

 private:
  std::shared_ptr<const Recording> recording_;
  double speed_;
  Replay::Pause pause_;
  std::size_t at_ = 0;
};

Error bad_file(const std::string& path, std::string_view why) {
  return {.code = ErrorCode::invalid_request,
          .message = fmt::format("{} is no recording: {}", path, why)};
}

Result<Recording> read_recording(const std::string& path) {
  const auto text = system_environment().read_file(path);
  if (!text) return bad_file(path, text.error().message);
  auto recording = parse_recording(*text);
  if (!recording) return bad_file(path, recording.error().message);
  return recording;
}

Result<std::vector<std::string>> files_in(const std::string& folder) {
  std::error_code failure;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path().string());
  }
  if (paths.empty()) {
    return bad_file(folder,
                    failure ? failure.message() : "expected a folder with files of --record");
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

Result<std::unique_ptr<Replay>> Replay::open(const std::string& folder, double speed, Pause pause) {
  const auto files = files_in(folder);
  if (!files) return files.error();
  std::unique_ptr<Replay> replay(new Replay(speed, std::move(pause)));
  for (const std::string& path : *files) {
    auto recording = read_recording(path);
    if (!recording) return recording.error();
    auto& recordings = replay->routes_[recording->route()].recordings;
    recordings.push_back(std::make_shared<const Recording>(*std::move(recording)));
  }
  return replay;
}

Reply Replay::answer(const Request& request) {
  std::shared_ptr<const Recording> recording;
  {
    const std::lock_guard lock(mutex_);
    const auto found = routes_.find(recording_of(request).route());
    if (found == routes_.end()) {
      return {.status = 404,
              .content_type = "text/plain; charset=utf-8",
              .body = fmt::format("endpointkit-emulator: {} {} was not recorded\n", request.method,
                                  printable(request.path))};
    }
    Route& route = found->second;
    recording = route.recordings[route.next++ % route.recordings.size()];
  }
  Reply reply{.status = recording->status,
              .content_type = recording->content_type,
              .headers = recording->headers};
  if (!recording->chunked) {
    reply.length = 0;
    for (const auto& piece : recording->pieces) *reply.length += piece.bytes.size();
  }
  reply.stream = std::make_unique<ReplayedBody>(std::move(recording), speed_, pause_);
  return reply;
}

}  // namespace ek::emulator

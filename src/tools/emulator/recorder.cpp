#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/text.hpp"
#include "tools/emulator/emulator.hpp"
#include "tools/emulator/recording.hpp"

namespace ek::emulator {
namespace {

using State = BodySource::Chunk::State;

bool is_secret(std::string_view name) {
  const std::string lower = to_lower(name);
  constexpr std::string_view hints[] = {"cookie", "token", "secret", "authorization", "api-key"};
  return std::any_of(std::begin(hints), std::end(hints),
                     [&](std::string_view hint) { return lower.find(hint) != std::string::npos; });
}

// "0007-endpoints-chat-invocations.json"
std::string file_name(int number, std::string_view path) {
  std::string name = fmt::format("{:04}", number);
  for (const char c : path.substr(0, 120)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += plain ? c : '-';
  }
  return name + ".json";
}

Error unusable(const std::string& folder, const std::error_code& why) {
  return {
      .code = ErrorCode::invalid_request,
      .message = fmt::format("cannot keep recordings in the folder {}: {}", folder, why.message())};
}

// Recordings that are there already stay.
Result<int> last_number(const std::string& folder) {
  int last = 0;
  std::error_code failure;
  std::filesystem::directory_iterator entry(folder, failure);
  for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    int number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    last = std::max(last, number);
  }
  if (failure) return unusable(folder, failure);
  return last;
}

}  // namespace

/// Passes a body on and keeps what it was; a client that leaves before the end has cut it.
class Recorder::Tap final : public BodySource {
 public:
  Tap(Recorder& recorder, int number, Recording recording, std::unique_ptr<BodySource> from)
      : recorder_(recorder),
        number_(number),
        recording_(std::move(recording)),
        from_(std::move(from)),
        last_(recorder.now_()) {
    recording_.end = State::cut;
  }
  ~Tap() override { recorder_.write(number_, recording_); }
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  Chunk next() override {
    Chunk chunk = from_->next();
    if (chunk.state != State::more) recording_.end = chunk.state;
    if (chunk.bytes.empty()) return chunk;
    const auto now = recorder_.now_();
    recording_.pieces.push_back(
        {std::chrono::duration_cast<std::chrono::milliseconds>(now - last_), chunk.bytes});
    last_ = now;
    return chunk;
  }

 private:
  Recorder& recorder_;
  int number_;
  Recording recording_;
  std::unique_ptr<BodySource> from_;
  std::chrono::system_clock::time_point last_;
};

Result<std::unique_ptr<Recorder>> Recorder::open(std::string folder, Now now) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) return unusable(folder, failure);
  const auto last = last_number(folder);
  if (!last) return last.error();
  std::unique_ptr<Recorder> recorder(new Recorder(std::move(folder), std::move(now)));
  recorder->count_ = *last;
  return recorder;
}

Reply Recorder::watch(const Request& request, Reply reply) {
  if (reply.instead != Reply::Instead::nothing) return reply;  // there is no answer to serve again
  Recording recording = recording_of(request);
  recording.status = reply.status;
  recording.content_type = reply.content_type;
  recording.headers = reply.headers;
  for (Header& header : recording.headers) {
    if (is_secret(header.name)) header.value = "***";
  }
  const int number = ++count_;
  recording.chunked = reply.stream && !reply.length;
  if (reply.stream) {
    reply.stream =
        std::make_unique<Tap>(*this, number, std::move(recording), std::move(reply.stream));
    return reply;
  }
  recording.pieces.push_back({{}, reply.body});
  write(number, recording);
  return reply;
}

// What cannot be written is lost: the client's answer goes first.
void Recorder::write(int number, const Recording& recording) const {
  const std::string path = folder_ + "/" + file_name(number, recording.path);
  static_cast<void>(write_private_file(path, recording_to_json(recording)));
}

}  // namespace ek::emulator

// One request and its answer on an HTTP/2 connection. The thread of the connection moves frames,
// another makes the answer; the stream is what lies between them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/emulator/exchange.hpp"

namespace ek::emulator {

/// Streams that have something for the thread of their connection, which polls descriptor().
/// Threads: post() from all, take() from that one.
class Mailbox {
 public:
  Mailbox();
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void post(std::int32_t stream);
  std::vector<std::int32_t> take();
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
  std::mutex mutex_;
  std::vector<std::int32_t> streams_;
};

class Http2Stream {
 public:
  Http2Stream(std::int32_t id, std::shared_ptr<Mailbox> mailbox);

  // For the thread of the connection.
  Request request{};
  /// The answer without its body, once.
  [[nodiscard]] std::optional<Reply> take_head();
  struct Read {
    std::size_t bytes = 0;
    BodySource::Chunk::State state = BodySource::Chunk::State::more;  ///< After these bytes.
    int code = 0;
  };
  /// What there is of the body.
  Read read(char* to, std::size_t size);
  /// Nobody reads any more.
  void abandon();

  // For the thread that answers.
  /// Until the whole answer has been read, or was abandoned.
  void answer(const Handler& handler);

 private:
  bool push(std::string_view bytes);
  void finish(const BodySource::Chunk& last);

  const std::int32_t id_;
  const std::shared_ptr<Mailbox> mailbox_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Reply> head_;
  std::string body_;
  std::size_t read_ = 0;
  BodySource::Chunk::State state_ = BodySource::Chunk::State::more;
  int code_ = 0;
  bool abandoned_ = false;
};

}  // namespace ek::emulator

#include "tools/emulator/http2_stream.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace ek::emulator {
namespace {

using State = BodySource::Chunk::State;

// An answer may be so far ahead of what its client has taken.
constexpr std::size_t max_unread_bytes = 65'536;

}  // namespace

Mailbox::Mailbox() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
Mailbox::~Mailbox() { ::close(descriptor_); }

void Mailbox::post(std::int32_t stream) {
  {
    const std::lock_guard lock(mutex_);
    streams_.push_back(stream);
  }
  const std::uint64_t one = 1;
  static_cast<void>(::write(descriptor_, &one, sizeof one));
}

std::vector<std::int32_t> Mailbox::take() {
  std::uint64_t count = 0;
  static_cast<void>(::read(descriptor_, &count, sizeof count));
  const std::lock_guard lock(mutex_);
  return std::exchange(streams_, {});
}

Http2Stream::Http2Stream(std::int32_t id, std::shared_ptr<Mailbox> mailbox)
    : id_(id), mailbox_(std::move(mailbox)) {
  request.client_left = [this] {
    const std::lock_guard lock(mutex_);
    return abandoned_;
  };
}

std::optional<Reply> Http2Stream::take_head() {
  const std::lock_guard lock(mutex_);
  return std::exchange(head_, std::nullopt);
}

Http2Stream::Read Http2Stream::read(char* to, std::size_t size) {
  const std::lock_guard lock(mutex_);
  const std::size_t bytes = std::min(size, body_.size() - read_);
  std::memcpy(to, body_.data() + read_, bytes);
  read_ += bytes;
  if (read_ < body_.size()) return {.bytes = bytes};
  body_.clear();
  read_ = 0;
  changed_.notify_one();
  return {.bytes = bytes, .state = state_, .code = code_};
}

void Http2Stream::abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  changed_.notify_one();
}

bool Http2Stream::push(std::string_view bytes) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return abandoned_ || body_.size() < max_unread_bytes; });
  if (abandoned_) return false;
  if (bytes.empty()) return true;
  body_ += bytes;
  lock.unlock();
  mailbox_->post(id_);
  return true;
}

void Http2Stream::finish(const BodySource::Chunk& last) {
  {
    const std::lock_guard lock(mutex_);
    state_ = last.state;
    code_ = last.code;
  }
  mailbox_->post(id_);
}

void Http2Stream::answer(const Handler& handler) {
  Reply reply = answer_by(handler, request);
  const std::unique_ptr<BodySource> source = std::move(reply.stream);
  if (!source) reply.length = reply.body.size();
  const std::string body = std::exchange(reply.body, {});
  {
    const std::lock_guard lock(mutex_);
    head_ = std::move(reply);
  }
  mailbox_->post(id_);
  if (!source) {
    if (push(body)) finish({.state = State::end});
    return;
  }
  while (true) {
    const BodySource::Chunk chunk = next_of(*source);
    if (chunk.state != State::more) return finish(chunk);
    if (!push(chunk.bytes)) return;
  }
}

}  // namespace ek::emulator

#include "tools/emulator/upstream_exchange.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace ek::emulator {

/// What the reading thread and its owner share.
class UpstreamExchange::Mailbox {
 public:
  explicit Mailbox(std::function<bool()> stopping) : stopping_(std::move(stopping)) {}

  void answer(Head head) {
    const std::lock_guard lock(mutex_);
    head_ = std::move(head);
    changed_.notify_all();
  }
  /// Blocks while the reader is far behind; false once nobody wants more.
  bool append(std::string_view bytes) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || bytes_.size() < max_bytes; });
    bytes_ += bytes;
    changed_.notify_all();
    return !closed_;
  }
  void end(bool whole, std::string why) {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    whole_ = whole;
    why_ = std::move(why);
    changed_.notify_all();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  Head wait_for_head() {
    std::unique_lock lock(mutex_);
    wait(lock, [&] { return head_.status != 0 || ended_; });
    return head_;
  }
  Delivery take() {
    std::unique_lock lock(mutex_);
    if (!wait(lock, [&] { return !bytes_.empty() || ended_; })) {
      return {.ended = true, .why = "the emulator is stopping"};
    }
    Delivery delivery{
        .bytes = std::exchange(bytes_, {}), .ended = ended_, .whole = whole_, .why = why_};
    changed_.notify_all();
    return delivery;
  }

 private:
  static constexpr std::size_t max_bytes = 1 << 20;

  // False if the emulator stops first.
  template <class Condition>
  bool wait(std::unique_lock<std::mutex>& lock, Condition condition) {
    while (!condition()) {
      if (stopping_()) return false;
      changed_.wait_for(lock, std::chrono::milliseconds(100));
    }
    return true;
  }

  const std::function<bool()> stopping_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string bytes_, why_;
  Head head_;
  bool ended_ = false, whole_ = false, closed_ = false;
};

UpstreamExchange::UpstreamExchange(const std::string& origin, httplib::Request request,
                                   std::function<bool()> stopping)
    : client_(origin),
      request_(std::move(request)),
      mailbox_(std::make_unique<Mailbox>(std::move(stopping))) {
  client_.set_connection_timeout(10);
  client_.set_read_timeout(300);
  request_.response_handler = [this](const httplib::Response& response) {
    mailbox_->answer({.status = response.status, .headers = response.headers});
    return true;
  };
  request_.content_receiver = [this](const char* data, std::size_t size, std::uint64_t,
                                     std::uint64_t) {
    return mailbox_->append({data, size});
  };
  thread_ = std::thread([this] {
    const auto result = client_.send(request_);
    mailbox_->end(static_cast<bool>(result), httplib::to_string(result.error()));
  });
}

UpstreamExchange::~UpstreamExchange() {
  mailbox_->close();
  client_.stop();
  thread_.join();
}

UpstreamExchange::Head UpstreamExchange::wait_for_head() { return mailbox_->wait_for_head(); }
UpstreamExchange::Delivery UpstreamExchange::take() { return mailbox_->take(); }

}  // namespace ek::emulator

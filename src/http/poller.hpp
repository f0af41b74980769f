// Waits for many sockets at once, at a cost that does not grow with their number: epoll. The one
// place for it; where there is no epoll, lanes wait with libcurl's own poll.
#pragma once

#include <cstdint>
#include <vector>

namespace ek {

/// Threads: one, but for interrupt().
class Poller {
 public:
  enum Events : std::uint8_t { nothing = 0, readable = 1, writable = 2, broken = 4 };
  struct Ready {
    int socket;
    std::uint8_t events;
    void* owner;  ///< As given to watch().
  };

  static bool exists() noexcept;
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// False if the system had no descriptors left.
  [[nodiscard]] bool good() const noexcept { return epoll_ >= 0 && interrupt_ >= 0; }
  /// Readable when wait() would give something.
  [[nodiscard]] int descriptor() const noexcept { return epoll_; }

  /// Whoever closes `socket` will say so by closed(), before. Only such sockets stay registered
  /// while nobody watches them, which saves two system calls for each exchange on a kept
  /// connection.
  void opened(int socket);
  void closed(int socket) noexcept;
  /// `wanted` of readable and writable; nothing ends it.
  void watch(int socket, std::uint8_t wanted, void* owner);
  /// At most some hundred; the next call gives the others. Valid until then. -1 waits for ever.
  const std::vector<Ready>& wait(int timeout_ms);
  /// The last wait() gave as many as it can: there may be others.
  [[nodiscard]] bool may_have_more() const noexcept { return may_have_more_; }
  /// Ends a wait() that runs, or the next one. Any thread.
  void interrupt() noexcept;

 private:
  struct Socket {
    std::uint8_t wanted = nothing;
    std::uint8_t registered = nothing;
    bool known = false;  // in the kernel's set
    bool ours = false;   // its end will be told
    void* owner = nullptr;
  };
  Socket& at(int socket);
  void enter(int socket, Socket& state, std::uint8_t wanted);
  void leave(int socket, Socket& state) noexcept;

  int epoll_ = -1;
  int interrupt_ = -1;
  std::vector<Socket> sockets_;  // by number
  std::vector<Ready> ready_;
  bool may_have_more_ = false;
};

}  // namespace ek

#include "http/poller.hpp"

#ifdef __linux__

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace ek {
namespace {

constexpr std::size_t most_at_once = 256;

std::uint32_t to_epoll(std::uint8_t wanted) {
  return ((wanted & Poller::readable) != 0 ? std::uint32_t{EPOLLIN} : 0U) |
         ((wanted & Poller::writable) != 0 ? std::uint32_t{EPOLLOUT} : 0U);
}

std::uint8_t from_epoll(std::uint32_t events) {
  std::uint8_t found = Poller::nothing;
  if ((events & (EPOLLIN | EPOLLHUP)) != 0) found |= Poller::readable;
  if ((events & EPOLLOUT) != 0) found |= Poller::writable;
  if ((events & EPOLLERR) != 0) found |= Poller::broken;
  return found;
}

}  // namespace

bool Poller::exists() noexcept { return true; }

Poller::Poller()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), interrupt_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!good()) return;
  epoll_event event{.events = EPOLLIN, .data = {.fd = interrupt_}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, interrupt_, &event);
}

Poller::~Poller() {
  if (interrupt_ >= 0) close(interrupt_);
  if (epoll_ >= 0) close(epoll_);
}

Poller::Socket& Poller::at(int socket) {
  const auto number = static_cast<std::size_t>(socket);
  if (number >= sockets_.size()) sockets_.resize(number + 1);
  return sockets_[number];
}

void Poller::opened(int socket) { at(socket) = {.ours = true}; }

// It is still open. The kernel would forget it with its last copy, but a child process may have
// one.
void Poller::closed(int socket) noexcept {
  if (static_cast<std::size_t>(socket) >= sockets_.size()) return;
  Socket& state = sockets_[static_cast<std::size_t>(socket)];
  leave(socket, state);
  state = {};
}

void Poller::watch(int socket, std::uint8_t wanted, void* owner) {
  Socket& state = at(socket);
  state.owner = owner;
  state.wanted = wanted;
  if (wanted != nothing) {
    enter(socket, state, wanted);
  } else if (!state.ours) {
    leave(socket, state);
  }
}

void Poller::enter(int socket, Socket& state, std::uint8_t wanted) {
  if (state.known && state.registered == wanted) return;
  epoll_event event{.events = to_epoll(wanted), .data = {.fd = socket}};
  epoll_ctl(epoll_, state.known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
  state.known = true;
  state.registered = wanted;
}

void Poller::leave(int socket, Socket& state) noexcept {
  if (state.known) epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
  state.known = false;
  state.registered = nothing;
}

const std::vector<Poller::Ready>& Poller::wait(int timeout_ms) {
  std::array<epoll_event, most_at_once> events;
  const int count = epoll_wait(epoll_, events.data(), most_at_once, timeout_ms);
  may_have_more_ = count == int{most_at_once};
  ready_.clear();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const int socket = event.data.fd;
    if (socket == interrupt_) {
      eventfd_t times = 0;
      eventfd_read(interrupt_, &times);
      continue;
    }
    Socket& state = at(socket);
    if (state.wanted == nothing) {
      leave(socket, state);  // the peer closed a connection that nobody uses now
    } else {
      ready_.push_back(
          {.socket = socket, .events = from_epoll(event.events), .owner = state.owner});
    }
  }
  return ready_;
}

void Poller::interrupt() noexcept { eventfd_write(interrupt_, 1); }

}  // namespace ek

#else

namespace ek {

bool Poller::exists() noexcept { return false; }
Poller::Poller() = default;
Poller::~Poller() = default;
void Poller::opened(int) {}
void Poller::closed(int) noexcept {}
void Poller::watch(int, std::uint8_t, void*) {}
const std::vector<Poller::Ready>& Poller::wait(int) { return ready_; }
void Poller::interrupt() noexcept {}

}  // namespace ek

#endif

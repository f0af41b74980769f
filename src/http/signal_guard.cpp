#include "http/signal_guard.hpp"

#ifdef _WIN32

namespace ek {
SignalGuard::SignalGuard() noexcept = default;
SignalGuard::~SignalGuard() = default;
}  // namespace ek

#else

#include <signal.h>

namespace ek {
namespace {

bool sigpipe_is_pending() noexcept {
  sigset_t pending;
  return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

sigset_t only_sigpipe() noexcept {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}

}  // namespace

// A thread that does not block the signal has none pending.
SignalGuard::SignalGuard() noexcept {
  const sigset_t pipe = only_sigpipe();
  pthread_sigmask(SIG_BLOCK, &pipe, &previous_);
  was_pending_ = sigismember(&previous_, SIGPIPE) == 1 && sigpipe_is_pending();
}

SignalGuard::~SignalGuard() {
  if (!was_pending_ && sigpipe_is_pending()) {
    const sigset_t pipe = only_sigpipe();
    int signal = 0;
    sigwait(&pipe, &signal);
  }
  pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

}  // namespace ek

#endif

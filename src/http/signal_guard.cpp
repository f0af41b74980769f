#include "http/signal_guard.hpp"

#include <curl/curl.h>

#include "http/tls_context.hpp"

#ifdef _WIN32

namespace ek {
bool libcurl_raises_sigpipe() noexcept { return false; }
SignalGuard::SignalGuard(bool) noexcept {}
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

// Since 7.87 OpenSSL writes through libcurl too, which sends without the signal: MSG_NOSIGNAL or
// SO_NOSIGPIPE (https://github.com/curl/curl/pull/20336 tells of both).
bool libcurl_raises_sigpipe() noexcept {
  static const bool raises =
      curl_version_info(CURLVERSION_NOW)->version_num < 0x075800 || !takes_our_openssl();
  return raises;
}

// A thread that does not block the signal has none pending.
SignalGuard::SignalGuard(bool needed) noexcept : needed_(needed) {
  if (!needed_) return;
  const sigset_t pipe = only_sigpipe();
  pthread_sigmask(SIG_BLOCK, &pipe, &previous_);
  was_pending_ = sigismember(&previous_, SIGPIPE) == 1 && sigpipe_is_pending();
}

SignalGuard::~SignalGuard() {
  if (!needed_) return;
  if (!was_pending_ && sigpipe_is_pending()) {
    const sigset_t pipe = only_sigpipe();
    int signal = 0;
    sigwait(&pipe, &signal);
  }
  pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

}  // namespace ek

#endif

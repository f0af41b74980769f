// Writing to a connection that the peer closed raises SIGPIPE where the socket layer cannot be told
// otherwise (OpenSSL's write, as old libcurls use it). A library may neither die of it nor change
// the process's handlers, so the calling thread blocks it around network calls and swallows what
// these raised.
#pragma once

#ifndef _WIN32
#include <csignal>
#endif

namespace ek {

/// Whether this libcurl leaves writing to others, which raise the signal. It costs three system
/// calls to be safe from that, as much as a small read.
bool libcurl_raises_sigpipe() noexcept;

class SignalGuard {
 public:
  /// Does nothing if it is not `needed`.
  explicit SignalGuard(bool needed = libcurl_raises_sigpipe()) noexcept;
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

#ifndef _WIN32
 private:
  const bool needed_;
  sigset_t previous_{};
  bool was_pending_ = false;
#endif
};

}  // namespace ek

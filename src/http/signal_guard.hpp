// Writing to a connection that the peer closed raises SIGPIPE where the socket layer cannot be told
// otherwise (OpenSSL's write). A library may neither die of it nor change the process's handlers,
// so the calling thread blocks it around network calls and swallows what these raised.
#pragma once

#ifndef _WIN32
#include <csignal>
#endif

namespace ek {

class SignalGuard {
 public:
  SignalGuard() noexcept;
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

#ifndef _WIN32
 private:
  sigset_t previous_{};
  bool was_pending_ = false;
#endif
};

}  // namespace ek

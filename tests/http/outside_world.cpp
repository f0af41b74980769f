#include "http/outside_world.hpp"

#include <dlfcn.h>
#include <netdb.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

namespace {

std::atomic<long> skipped_seconds = 0;
std::atomic<int> lookups = 0;
std::atomic<bool> names_fail = false;
std::atomic<bool> names_hang = false;

bool is_monotonic(clockid_t clock) {
  return clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW ||
         clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = ::syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && is_monotonic(clock)) time->tv_sec += skipped_seconds;
  return static_cast<int>(result);
}

// By which libcurl 7 keeps names.
extern "C" time_t time(time_t* out) noexcept {
  timespec now{};
  ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  now.tv_sec += skipped_seconds;
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  static const auto real =
      reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const bool counted = node != nullptr && std::strcmp(node, ek::testing::counted_host) == 0;
  if (counted) {
    ++lookups;
    names_hang.wait(true);
    if (names_fail) return EAI_NONAME;
  }
  return real(counted ? "127.0.0.1" : node, service, hints, found);
}

namespace ek::testing {

void skip_time(std::chrono::seconds step) { skipped_seconds += step.count(); }
int lookups_of_counted_host() { return lookups; }

NamesFail::NamesFail() { names_fail = true; }
NamesFail::~NamesFail() { names_fail = false; }
NamesHang::NamesHang() { names_hang = true; }
NamesHang::~NamesHang() {
  names_hang = false;
  names_hang.notify_all();
}

}  // namespace ek::testing

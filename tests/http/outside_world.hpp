// The clock and the names of this process, in the hands of a test: this program's clock_gettime,
// time and getaddrinfo stand before those of the C library, for libcurl too.
#pragma once

#include <chrono>

namespace ek::testing {

/// From now on the monotonic clocks, and time(2), are so much later.
void skip_time(std::chrono::seconds step);

/// Resolves to 127.0.0.1, and each time is counted.
inline constexpr const char* counted_host = "model.test";
int lookups_of_counted_host();

/// While one of these lives, the counted host has no addresses, or lookups of it do not end.
class NamesFail {
 public:
  NamesFail();
  ~NamesFail();
};
class NamesHang {
 public:
  NamesHang();
  ~NamesHang();
};

}  // namespace ek::testing
